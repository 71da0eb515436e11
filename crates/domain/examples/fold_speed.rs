//! Measures the bare folding loop: nanoseconds a row, in columns of one model.
//!
//! `cargo run --release -p slipway-domain --example fold_speed`

#![allow(clippy::print_stdout, reason = "an example that prints its measurement")]

use std::hint::black_box;
use std::time::Instant;

use slipway_domain::stats::{Cell, Columns, fold};

const ROWS: usize = 20_000;
const ROUNDS: usize = 200;

fn main() {
    let predictions: Vec<f32> = (0..ROWS).map(|row| ((row * 7919) % ROWS) as f32 / ROWS as f32).collect();
    let outcomes: Vec<bool> = (0..ROWS).map(|row| (row * 31) % 100 < 29).collect();
    let weights = vec![1.5f32; ROWS];
    for (name, weights) in [("every row weighs 1", &[][..]), ("with weights", &weights[..])] {
        for rows in [ROWS, 1000, 100, 10] {
            println!("{name}, {rows} rows a call: {:.2} ns a row", nanoseconds(&predictions, &outcomes, weights, rows));
        }
    }
}

/// The fastest of all rounds, `rows` a call: others may use the machine too.
fn nanoseconds(predictions: &[f32], outcomes: &[bool], weights: &[f32], rows: usize) -> f64 {
    let mut cell = Cell::new();
    let round = || {
        let started = Instant::now();
        for start in (0..ROWS).step_by(rows) {
            let range = start..start + rows;
            let weights = weights.get(range.clone()).unwrap_or(&[]);
            let columns = Columns { predictions: &predictions[range.clone()], outcomes: &outcomes[range], weights };
            fold(black_box(&mut cell), black_box(&columns)).expect("the columns have one length");
        }
        started.elapsed().as_nanos() as f64 / ROWS as f64
    };
    std::iter::repeat_with(round).take(ROUNDS).fold(f64::INFINITY, f64::min)
}
