// The answers of WebCrypto in workerd: a list of questions in, a list of answers out.

import { web } from "lockstep-conformance";

export default {
  async fetch(request) {
    const answers = [];
    for (const question of await request.json()) answers.push(await web(question));
    return Response.json(answers);
  },
};
