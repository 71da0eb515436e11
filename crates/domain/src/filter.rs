//! Filters of listings: AIP-160 expressions over the fields of a resource.
//!
//! The grammar and its meaning are those of <https://google.aip.dev/160>: `OR` binds tighter than `AND`, `:` asks
//! whether a text contains another or a map has a key, and a quoted string may begin or end with `*`.

use std::borrow::Cow;
use std::cmp::Ordering;

use aip_160::{Arg, Comparable, Comparator, Expression, Restriction, StringMatch, Value};

/// How deep a filter may be nested.
const DEEPEST: usize = 32;
/// The most bytes of a filter.
const LONGEST: usize = 4096;

/// The value of a field, for comparing.
#[derive(Debug, Clone, PartialEq)]
pub enum Field<'a> {
    /// Text, or the name of an enum value.
    Text(Cow<'a, str>),
    /// A number; a duration counts in seconds, an instant in seconds of Unix time.
    Number(f64),
    /// A claim.
    Truth(bool),
    /// The field has no value; it matches only `!=`.
    Absent,
}

impl Field<'_> {
    /// The order of two values of one field: absent first, then by value.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Field::Text(a), Field::Text(b)) => a.cmp(b),
            (Field::Number(a), Field::Number(b)) => a.total_cmp(b),
            (Field::Truth(a), Field::Truth(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Field::Absent => 0,
            Field::Truth(_) => 1,
            Field::Number(_) => 2,
            Field::Text(_) => 3,
        }
    }
}

/// Something whose fields can be filtered and ordered by.
pub trait Fields {
    /// The paths that may stand in a filter; one that ends in `.` takes any further segment, as `labels.`.
    const PATHS: &'static [&'static str];

    /// The value at `path`, which is one of [`Fields::PATHS`] or goes on from one that ends in `.`.
    fn field(&self, path: &str) -> Field<'_>;
}

/// Why a filter or an order can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no filter.
    #[error("is not a filter: {0}")]
    Syntax(String),
    /// The text is too long.
    #[error("has {0} bytes; at most {LONGEST} are read")]
    TooLong(usize),
    /// There is no such field.
    #[error("there is no field {path:?}; there are: {known}")]
    UnknownField {
        /// What was asked for.
        path: String,
        /// The paths that there are.
        known: String,
    },
    /// A part of the grammar that has no meaning here.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// A parsed filter over the fields of `T`.
#[derive(Debug, Clone)]
pub struct Filter {
    expression: Option<Expression>,
}

impl Filter {
    /// Parses a filter whose fields are those of `T`; the empty text matches everything.
    ///
    /// # Errors
    /// [`Error`] if it is no filter, or one with fields that `T` does not have.
    pub fn parse<T: Fields>(text: &str) -> Result<Self, Error> {
        let expression = read(text)?;
        if let Some(expression) = &expression {
            check::<T>(expression)?;
        }
        Ok(Self { expression })
    }

    /// Whether it matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expression.is_none()
    }

    /// Whether it looks at the field at `path`.
    #[must_use]
    pub fn mentions(&self, path: &str) -> bool {
        self.expression.as_ref().is_some_and(|expression| mentions(expression, path))
    }

    /// Whether `subject` matches.
    pub fn matches<T: Fields>(&self, subject: &T) -> bool {
        self.expression.as_ref().is_none_or(|expression| holds(expression, subject))
    }
}

/// Makes sure that `text` is a filter, whatever its fields are.
///
/// # Errors
/// [`Error`] if it is none.
pub fn check_syntax(text: &str) -> Result<(), Error> {
    read(text).map(|_| ())
}

fn read(text: &str) -> Result<Option<Expression>, Error> {
    if text.len() > LONGEST {
        return Err(Error::TooLong(text.len()));
    }
    let parsed = aip_160::parse_filter_with_max_depth(text, DEEPEST);
    Ok(parsed.map_err(|error| Error::Syntax(error.to_string()))?.expression)
}

/// Makes sure that `path` is a field of `T`.
///
/// # Errors
/// [`Error::UnknownField`] if it is none.
pub fn check_path<T: Fields>(path: &str) -> Result<(), Error> {
    let fits = |known: &str| match known.ends_with('.') {
        true => path.strip_prefix(known).is_some_and(|rest| !rest.is_empty()),
        false => path == known,
    };
    if T::PATHS.iter().any(|known| fits(known)) {
        return Ok(());
    }
    let path = path.chars().take(64).collect();
    Err(Error::UnknownField { path, known: T::PATHS.join(", ") })
}

fn check<T: Fields>(expression: &Expression) -> Result<(), Error> {
    match expression {
        Expression::And(parts) | Expression::Sequence(parts) | Expression::Or(parts) => {
            parts.iter().try_for_each(check::<T>)
        }
        Expression::Not(inner) => check::<T>(inner),
        Expression::Restriction(restriction) => {
            if restriction.arg.as_value().is_none() && number_argument(restriction).is_none() {
                return Err(Error::Unsupported("a field can only be compared with a single value; quote a text"));
            }
            let path = path(restriction)?;
            // `labels:key` asks the map itself.
            let map = format!("{path}.");
            if restriction.comparator == Comparator::Has && T::PATHS.contains(&map.as_str()) {
                return Ok(());
            }
            check_path::<T>(&path)
        }
        Expression::Global(_) => {
            Err(Error::Unsupported("a bare word matches nothing here; compare a field, as owner = \"ranking\""))
        }
    }
}

fn mentions(expression: &Expression, wanted: &str) -> bool {
    match expression {
        Expression::And(parts) | Expression::Sequence(parts) | Expression::Or(parts) => {
            parts.iter().any(|part| mentions(part, wanted))
        }
        Expression::Not(inner) => mentions(inner, wanted),
        Expression::Restriction(restriction) => path(restriction).is_ok_and(|path| path == wanted),
        Expression::Global(_) => false,
    }
}

fn path(restriction: &Restriction) -> Result<String, Error> {
    restriction
        .comparable
        .field_path()
        .ok_or(Error::Unsupported("a comparison begins with the path of a field; functions are not known here"))
}

/// The argument as a decimal number: the grammar reads `2.5` as a member `2` with a field `5`.
fn number_argument(restriction: &Restriction) -> Option<f64> {
    let Arg::Comparable(Comparable::Member(member)) = &restriction.arg else { return None };
    member.field_path()?.parse().ok().filter(|number: &f64| number.is_finite())
}

fn holds<T: Fields>(expression: &Expression, subject: &T) -> bool {
    match expression {
        Expression::And(parts) | Expression::Sequence(parts) => parts.iter().all(|part| holds(part, subject)),
        Expression::Or(parts) => parts.iter().any(|part| holds(part, subject)),
        Expression::Not(inner) => !holds(inner, subject),
        Expression::Restriction(restriction) => compare(restriction, subject),
        Expression::Global(_) => false,
    }
}

fn compare<T: Fields>(restriction: &Restriction, subject: &T) -> bool {
    let Ok(path) = path(restriction) else { return false };
    let value = restriction.arg.as_value();
    let map = format!("{path}.");
    if restriction.comparator == Comparator::Has && T::PATHS.contains(&map.as_str()) {
        return value.is_some_and(|key| subject.field(&format!("{map}{}", key.as_str())) != Field::Absent);
    }
    let comparator = restriction.comparator;
    match subject.field(&path) {
        Field::Absent => comparator == Comparator::NotEqual,
        Field::Text(text) => value.is_some_and(|value| text_holds(&text, comparator, value)),
        Field::Truth(truth) => {
            value.and_then(Value::as_bool).is_some_and(|wanted| ordered(truth.cmp(&wanted), comparator))
        }
        Field::Number(number) => {
            let wanted = value.and_then(Value::as_duration).map(|duration| duration.as_secs_f64());
            let wanted = wanted.or_else(|| number_argument(restriction));
            wanted.is_some_and(|wanted| ordered(number.total_cmp(&wanted), comparator))
        }
    }
}

fn text_holds(text: &str, comparator: Comparator, value: &Value) -> bool {
    let matched = match value.string_match() {
        _ if comparator == Comparator::Has => text.contains(value.as_str().trim_matches('*')),
        Some(StringMatch::Prefix(part)) => text.starts_with(part),
        Some(StringMatch::Suffix(part)) => text.ends_with(part),
        Some(StringMatch::Contains(part)) => text.contains(part),
        Some(StringMatch::Exact(_)) | None => text == value.as_str(),
    };
    match comparator {
        Comparator::Equal | Comparator::Has => matched,
        Comparator::NotEqual => !matched,
        Comparator::LessThan
        | Comparator::LessThanOrEqual
        | Comparator::GreaterThan
        | Comparator::GreaterThanOrEqual => ordered(text.cmp(value.as_str()), comparator),
    }
}

fn ordered(ordering: Ordering, comparator: Comparator) -> bool {
    match comparator {
        Comparator::Equal | Comparator::Has => ordering.is_eq(),
        Comparator::NotEqual => ordering.is_ne(),
        Comparator::LessThan => ordering.is_lt(),
        Comparator::LessThanOrEqual => ordering.is_le(),
        Comparator::GreaterThan => ordering.is_gt(),
        Comparator::GreaterThanOrEqual => ordering.is_ge(),
    }
}

/// Which way a listing runs along one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the least to the greatest.
    Ascending,
    /// From the greatest to the least.
    Descending,
}

/// The order of a listing (AIP-132): fields, each with a direction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order(Vec<(String, Direction)>);

impl Order {
    /// Parses an order over the fields of `T`, as `effective_tier, create_time desc`; the empty text is no order.
    ///
    /// # Errors
    /// [`Error`] if a part is not a field of `T` with an optional ` desc`.
    pub fn parse<T: Fields>(text: &str) -> Result<Self, Error> {
        if text.len() > LONGEST {
            return Err(Error::TooLong(text.len()));
        }
        let part = |part: &str| {
            let mut words = part.split_whitespace();
            let path = words.next().unwrap_or_default().to_owned();
            let direction = match (words.next(), words.next()) {
                (None, None) => Direction::Ascending,
                (Some("asc"), None) => Direction::Ascending,
                (Some("desc"), None) => Direction::Descending,
                _ => return Err(Error::Syntax("write fields separated by commas, each with ` desc` if wanted".into())),
            };
            check_path::<T>(&path)?;
            Ok((path, direction))
        };
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(part).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it leaves the order as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How `a` and `b` stand to each other; equal where no field tells them apart.
    pub fn compare<T: Fields>(&self, a: &T, b: &T) -> Ordering {
        let by = |(path, direction): &(String, Direction)| {
            let ordering = a.field(path).order(&b.field(path));
            match direction {
                Direction::Ascending => ordering,
                Direction::Descending => ordering.reverse(),
            }
        };
        self.0.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pet(&'static str, f64);

    impl Fields for Pet {
        const PATHS: &'static [&'static str] = &["name", "age", "tame", "labels."];

        fn field(&self, path: &str) -> Field<'_> {
            match path {
                "name" => Field::Text(self.0.into()),
                "age" => Field::Number(self.1),
                "tame" => Field::Truth(self.1 > 2.0),
                "labels.coat" => Field::Text("red".into()),
                _ => Field::Absent,
            }
        }
    }

    fn holds(text: &str) -> bool {
        Filter::parse::<Pet>(text).unwrap().matches(&Pet("felix", 2.5))
    }

    #[test]
    fn comparisons_follow_the_kind_of_the_field() {
        let yes = ["", "name = felix", "name = \"fe*\"", "name:eli", "age = 2.5", "age > 2", "age <= 2.5", "age < 3s"];
        let no = ["name = \"Felix\"", "name != felix", "age > 2.5", "age = two", "tame = false", "name = \"*y\""];
        for filter in yes {
            assert!(holds(filter), "{filter}");
        }
        for filter in no {
            assert!(!holds(filter), "{filter}");
        }
    }

    #[test]
    fn a_filter_tells_which_fields_it_looks_at() {
        let filter = Filter::parse::<Pet>("name = tom AND NOT (tame = true OR age > 2)").unwrap();
        assert!(["name", "tame", "age"].iter().all(|path| filter.mentions(path)));
        assert!(!filter.mentions("labels.coat") && !Filter::parse::<Pet>("").unwrap().mentions("name"));
    }

    #[test]
    fn or_binds_tighter_than_and() {
        assert!(!holds("name = tom AND age = 2.5 OR tame = true"));
        assert!(holds("(name = tom AND age = 9) OR tame = true"));
        assert!(holds("NOT name = tom AND -age = 9"));
    }

    #[test]
    fn labels_are_asked_by_key_and_by_value() {
        assert!(holds("labels.coat = red") && holds("labels:coat"));
        assert!(!holds("labels:collar") && holds("labels.collar != red") && !holds("labels.collar = red"));
    }

    #[test]
    fn what_has_no_meaning_is_refused_with_the_fields_that_there_are() {
        let unknown = Filter::parse::<Pet>("weight > 1").unwrap_err();
        assert!(unknown.to_string().contains("name, age, tame, labels."), "{unknown}");
        for filter in ["felix", "age = (1 OR 2)", "regex(name, \"x\")", "name =", "labels = x", "((((", "age > 1 AND"] {
            assert!(Filter::parse::<Pet>(filter).is_err(), "{filter}");
        }
    }

    #[test]
    fn a_filter_without_end_is_refused_quickly() {
        assert!(matches!(Filter::parse::<Pet>(&"(".repeat(5000)), Err(Error::TooLong(5000))));
        assert!(matches!(Filter::parse::<Pet>(&"-(".repeat(1000)), Err(Error::Syntax(_))));
        assert!(matches!(Filter::parse::<Pet>(&"NOT ".repeat(1000)), Err(Error::Syntax(_))));
    }

    #[test]
    fn an_order_looks_at_the_next_field_when_the_first_is_equal() {
        let order = Order::parse::<Pet>("age desc, name").unwrap();
        assert_eq!(order.compare(&Pet("a", 1.0), &Pet("b", 2.0)), Ordering::Greater);
        assert_eq!(order.compare(&Pet("a", 1.0), &Pet("b", 1.0)), Ordering::Less);
        for bad in ["age up", "age desc name", ",", "weight", "age,,name"] {
            assert!(Order::parse::<Pet>(bad).is_err(), "{bad}");
        }
    }
}
