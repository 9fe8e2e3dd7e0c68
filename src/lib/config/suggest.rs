//! "Did you mean": the candidate nearest to a word that is not among them.

/// The candidate that a slip of the hand may have turned into `word`.
pub(super) fn closest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.to_lowercase();
    let tolerated = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two words; separators do not count, so that `wholeorder` is `whole-order`.
fn distance(word: &str, candidate: &str) -> usize {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', '/'], "");
    strsim::damerau_levenshtein(&plain(word), &plain(candidate))
}

/// The help line for a word that is not among the candidates.
pub(super) fn help<'c>(
    word: &str,
    candidates: impl Clone + IntoIterator<Item = &'c str>,
) -> String {
    if let Some(near) = closest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<String> = candidates.into_iter().map(|c| format!("`{c}`")).collect();
    match all.as_slice() {
        [] => "nothing may stand here".to_owned(),
        [only] => format!("what may stand here is {only}"),
        _ => format!("one of {}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_and_a_far_one_is_not() {
        let rules = ["ship", "reserve", "none", "shipped", "closed"];
        assert_eq!(closest("ships", rules), Some("ship"));
        assert_eq!(closest("Reserved", rules), Some("reserve"));
        assert_eq!(
            closest("wholeorder", ["partial", "whole-order"]),
            Some("whole-order")
        );
        assert_eq!(closest("dispatch", rules), None);
        assert_eq!(help("dispatch", ["a", "b"]), "one of `a`, `b`");
        assert_eq!(
            help("x", ["woocommerce"]),
            "what may stand here is `woocommerce`"
        );
    }
}
