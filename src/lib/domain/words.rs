//! Numbers in sentences: one unit lies, two units lie.

/// The word that fits a number.
#[must_use]
pub fn plural<'w>(count: i64, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        assert_eq!(
            [0, 1, 2].map(|n| plural(n, "is", "are")),
            ["are", "is", "are"]
        );
    }
}
