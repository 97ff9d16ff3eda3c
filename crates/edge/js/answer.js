// Answers as the runtime has them. Most have the same status and headers, and a Response that is made like
// one that is there need not read them again: so heads are kept, and have numbers, which cost nothing to
// hand over.

/** Responses without a body, each with a status and headers that answers have had. */
const heads = [];
/** Their numbers, by their text: the WASM module remembers them, too, but forgets them when its instance dies. */
const numbers = new Map();

/** The number of a head: a line of status, and name and value of each header, a line each. */
export function headNumber(text) {
  let number = numbers.get(text);
  if (number === undefined) {
    number = heads.push(read(text)) - 1;
    numbers.set(text, number);
  }
  return number;
}

/** An answer with a head that is kept. */
export function answer(number, body) {
  return new Response(body, heads[number]);
}

/** An answer with a head of its own. */
export function answerOnce(text, body) {
  return new Response(body, read(text));
}

function read(text) {
  const [status, ...lines] = text.split("\n");
  const headers = new Headers();
  for (let at = 0; at + 1 < lines.length; at += 2) headers.append(lines[at], lines[at + 1]);
  return new Response(null, { status: Number(status), headers });
}
