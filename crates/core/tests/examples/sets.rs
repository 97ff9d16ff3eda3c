//! Sets of numbers, as whoever reads a snapshot meets them.

use lockstep_core::Bits;

#[test]
fn every_member_counts_for_what_a_set_is_below() {
    for last in [0, 63, 64, 130, 191] {
        let mut bits = Bits::from_words(vec![0; 3]);
        bits.insert(last);
        assert!(bits.is_below(last + 1) && !bits.is_below(last), "{last}");
    }
    let nothing = Bits::from_words(vec![0; 3]);
    assert!(nothing.is_below(0) && Bits::default().is_below(0));
}
