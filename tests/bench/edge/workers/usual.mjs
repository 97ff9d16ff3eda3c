// As usually written: each request verifies its token and reads what its user holds.

import { application, resolve, verify } from "./application.mjs";

export { Organization } from "./application.mjs";

export default application({ authenticate: verify, abilityOf: resolve });
