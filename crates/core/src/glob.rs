//! Patterns with `*` for any text and `?` for any one character.

/// Whether `pattern` matches all of `text`, character by character.
///
/// Only the last `*` is ever returned to, so the work is at most the product of the two lengths.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // After the last `*`: what follows it in the pattern, and where in the text it would end.
    let mut last = None;
    loop {
        let rest = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                last = Some((pattern.clone(), rest.clone()));
                text = rest;
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after, end)) = &mut last else {
                    return false;
                };
                // The star takes one more character.
                if end.next().is_none() {
                    return false;
                }
                pattern = after.clone();
                text = end.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("chatbot-*", "chatbot-eu"),
            ("chatbot-*", "chatbot-"),
            ("*-prod", "eu-prod"),
            ("a?c", "aßc"),
            ("*a*b", "xaxbxab"),
            ("a*b*c", "a-b-b-c"),
            ("**", "x"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "x"),
            ("?", ""),
            ("chatbot-*", "Chatbot-eu"),
            ("chatbot-*", "my-chatbot-eu"),
            ("a?c", "ac"),
            ("*a*b", "xaxbxa"),
            ("a.c", "abc"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let text = "a".repeat(2_000);
        assert!(!matches(&"a*b*".repeat(200), &text));
        assert!(matches(&"*a".repeat(500), &text));
    }
}
