//! Mutants that may survive, each with the reason. One that is not listed fails the run, and so does
//! one that is listed and dies.

/// A mutant without its line and column, and why no test can or need tell it from the code.
pub(super) const SURVIVORS: [(&str, &str); 14] = [
    (
        "compile/rights.rs: replace + with * in Rights::of",
        "there is only more room",
    ),
    (
        "evaluate.rs: replace match guard !facts.is_empty() with true in verdict",
        "without facts the longer way gives the same answer, only later",
    ),
    (
        "explain.rs: replace < with <= in narrowest",
        "the two numbers were found to differ just before",
    ),
    (
        "hierarchy.rs: delete field levels from struct Self expression in Hierarchy::packed",
        "room that is not reserved is made when it is needed",
    ),
    (
        "hierarchy.rs: delete field parents from struct Self expression in Hierarchy::packed",
        "room that is not reserved is made when it is needed",
    ),
    (
        "holdings.rs: replace < with <= in touched",
        "the keys carry the number that they sort, so no two are equal",
    ),
    (
        "holdings.rs: replace match guard last.1 == number with false in Spans::begin",
        "two neighbouring spans of one set say what one of them would",
    ),
    (
        "index.rs: replace < with <= in Index::lay_out",
        "the keys carry the number that they sort, so no two are equal",
    ),
    (
        "index.rs: replace >> with << in slot",
        "it mixes otherwise, and spreads as well",
    ),
    (
        "index.rs: replace | with ^ in slot",
        "the bits of the new byte are zero before",
    ),
    (
        "lint/reach.rs: replace < with <= in Reach<'a>::covered_rows",
        "a row is not compared with itself",
    ),
    (
        "lint/contradiction.rs: replace < with <= in integers",
        "a guard has 16 conditions at most, too few to exclude each of 65 numbers",
    ),
    (
        "sorted.rs: replace / with * in sort",
        "what lies behind the end has nothing below it to be moved",
    ),
    (
        "sorted.rs: replace match guard *last >= key with true in SortedMap<K, V>::insert",
        "a key above all others is searched for, and its place is found to be the end all the same",
    ),
];
