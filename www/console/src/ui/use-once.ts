import { useState } from "react";
import type { Once } from "../api/request.js";

/** For a form whose submission must not be done twice when its answer is lost and it is sent again. */
export function useOnce(): Once {
  return useState<Once>(() => ({}))[0];
}
