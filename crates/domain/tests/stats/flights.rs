//! The summer of flights: 84,560 departures scored by four versions of one model, with the outcomes that came.

use std::io::Read;

/// One departure.
pub struct Flight {
    /// Unique.
    pub id: String,
    /// Minutes since 1 June 2013, 00:00 UTC: when the prediction is made.
    pub takeoff: i64,
    /// Whether it was late.
    pub late: bool,
    /// The predictions of v1, v2, v3 and v4.
    pub scores: [f32; 4],
}

/// All departures in the order of take-off.
pub fn all() -> Vec<Flight> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/data/flights.csv.gz");
    let file = std::fs::File::open(path).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().skip(1).map(parse).collect()
}

fn parse(line: &str) -> Flight {
    let fields: Vec<&str> = line.split(',').collect();
    let score = |at: usize| fields[at].parse::<f32>().unwrap();
    Flight {
        id: fields[0].to_owned(),
        takeoff: minute(fields[1]),
        late: fields[3] == "1",
        scores: [score(4), score(5), score(6), score(7)],
    }
}

/// `2013-MM-DDTHH:MMZ` as minutes since the first of June.
fn minute(text: &str) -> i64 {
    let number = |from: usize| text[from..from + 2].parse::<i64>().unwrap();
    let days_before = match number(5) {
        6 => 0,
        7 => 30,
        8 => 61,
        month => 61 + 31 * (month - 8),
    };
    ((days_before + number(8) - 1) * 24 + number(11)) * 60 + number(14)
}
