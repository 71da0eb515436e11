//! How one name is written in another case.

/// `HealthVerdict` as `HEALTH_VERDICT`.
pub fn upper_snake(camel: &str) -> String {
    let mut upper = String::new();
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.push(letter.to_ascii_uppercase());
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::upper_snake;

    #[test]
    fn every_capital_but_the_first_begins_a_word() {
        assert_eq!(upper_snake("HealthVerdict"), "HEALTH_VERDICT");
        assert_eq!(upper_snake("View"), "VIEW");
    }
}
