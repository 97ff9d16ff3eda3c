//! What to say to somebody who wrote a name that nothing has.

/// Bytes of a name that is compared with others: the cost is that of both lengths together, for each of them.
const COMPARED_BYTES_MAX: usize = 256;
/// How many names are told to somebody whose name is like none.
const TOLD_MAX: usize = 20;

/// The one of `known` that is most like `name`, or else what there is; `noun` says what all of them are.
#[must_use]
pub fn suggestion(noun: &str, name: &str, known: &[&str]) -> String {
    let is_short = |text: &str| text.len() <= COMPARED_BYTES_MAX;
    let nearest = known
        .iter()
        .filter(|candidate| is_short(name) && is_short(candidate))
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    if let Some((_, nearest)) = nearest {
        return format!("did you mean `{nearest}`?");
    }
    match known.split_at_checked(TOLD_MAX) {
        _ if known.is_empty() => format!("no {noun} is defined"),
        Some((told, more)) if !more.is_empty() => {
            format!("known: {} and {} more", told.join(", "), more.len())
        }
        _ => format!("known: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_is_most_alike_is_told() {
        let known = ["viewer", "editor", "owner"];
        let said = |name: &str| suggestion("role", name, &known);
        assert_eq!(said("veiwer"), "did you mean `viewer`?");
        assert_eq!(said("zzz"), "known: viewer, editor, owner");
        assert_eq!(suggestion("role", "viewer", &[]), "no role is defined");
    }

    #[test]
    fn of_many_names_some_are_told() {
        let known: Vec<String> = (0..23).map(|at| format!("name{at}")).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let said = suggestion("node", "zzz", &known);
        assert!(said.starts_with("known: name0, name1, "), "{said}");
        assert!(said.ends_with(", name19 and 3 more"), "{said}");
    }

    /// Half a megabyte against as much took minutes.
    #[test]
    fn a_name_without_end_is_compared_with_nothing() {
        let name = "x".repeat(500_000);
        let known: Vec<String> = (0..1_000).map(|at| format!("{at:0>500}")).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let said = suggestion("role", &name, &known);
        assert!(said.starts_with("known: "), "{said}");
    }
}
