//! The native answers: a question a line in, an answer a line out.

fn main() {
    #[cfg(not(target_arch = "wasm32"))]
    for line in std::io::stdin().lines() {
        use lockstep_token::native::{Native, ready};
        let question = line.expect("a line of text");
        let answer = lockstep_conformance::answer(&question, &Native);
        println!("{}", ready(answer).expect("it never waits"));
    }
}
