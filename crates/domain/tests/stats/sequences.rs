//! The formulas against scipy, and the intervals against their promise: to hold at all times at once.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use slipway_domain::stats::eprocess::{self, Positives};
use slipway_domain::stats::interval::Interval;
use slipway_domain::stats::ratio::{Sample, ratio_of_sums};
use slipway_domain::stats::sequence::{normal_boundary, poisson_interval};
use slipway_domain::stats::student;

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * right.abs().max(1.0)
}

/// Roots of the same function by `scipy.optimize.brentq` with `scipy.special.gammaln` (scipy 1.17.1).
#[test]
fn the_poisson_interval_agrees_with_scipy() {
    let golden = [
        (24530.0, 924.16, 24004.751281486024, 25062.819217939974),
        (924.0, 924.16, 834.4409893327962, 1019.0184112021625),
        (511.0416, 924.16, 444.1946760971231, 583.0101225791218),
        (10.0, 924.16, 0.0, 39.67402586139537),
        (0.0, 100.0, 0.0, 10.756354070133558),
    ];
    for (observed, tightest, low, high) in golden {
        let interval = poisson_interval(observed, tightest, 0.05);
        assert!(close(interval.low, low) && close(interval.high, high), "{observed}: {interval:?}");
    }
}

/// numpy: `sqrt((V + eta) * log((V + eta) / (eta * alpha**2)))`.
#[test]
fn the_normal_boundary_agrees_with_numpy() {
    assert!(close(normal_boundary(1234.0, 500.0, 0.05), 108.13834953279355));
}

/// numpy's logaddexp over both scales; the closed form was checked against `scipy.integrate.dblquad` of the likelihood.
#[test]
fn the_students_e_value_agrees_with_numpy() {
    let golden =
        [(1, 1.0, 0.0), (2, 0.9, 0.10825452707177952), (5, 0.95, 4.040325795404295), (100, 0.1, 2.8769406834368096)];
    for (samples, r, expected) in golden {
        assert!(close(student::log_e_value(samples, r), expected), "{samples} {r}");
    }
}

#[test]
fn the_critical_t_is_where_the_e_value_convicts() {
    for samples in [4, 10, 100, 1000] {
        let t = student::critical_t(samples, 0.05).unwrap();
        let share = t * t / (t * t + (samples - 1) as f64);
        assert!(close(student::log_e_value(samples, share), 20f64.ln()), "{samples}: {t}");
    }
}

#[test]
fn two_samples_convict_nobody() {
    assert_eq!(student::critical_t(2, 0.05), None);
    let samples = [Sample { above: 9.0, below: 1.0 }; 2];
    let interval = ratio_of_sums(&samples, 0.05).unwrap().interval;
    assert_eq!((interval.low, interval.high), (0.0, f64::INFINITY));
}

/// `scipy.stats.binom.logpmf` over the same grid and strata, one of which has only a baseline.
#[test]
fn the_split_e_value_agrees_with_scipy() {
    let strata = [(10.0, 40.0, 12.0, 41.0), (8.5, 33.0, 5.0, 30.0), (2.0, 11.0, 3.0, 9.0), (0.0, 5.0, 0.0, 4.0)];
    let strata = strata.map(|(candidate_predicted, baseline_predicted, candidate, baseline)| Positives {
        candidate_predicted,
        baseline_predicted,
        candidate,
        baseline,
    });
    let log_e = eprocess::log_e_value(&strata, &Interval::around_one(0.05));
    assert!(close(log_e, -0.8506560472067802), "{log_e}");
}

/// How many of `runs` streams ever make `wrong` true, looked at at about forty moments.
fn ever_wrong(runs: u64, mut wrong: impl FnMut(&mut ChaCha8Rng) -> bool) -> u64 {
    (0..runs).filter(|seed| wrong(&mut ChaCha8Rng::seed_from_u64(*seed))).count() as u64
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (random.random::<f64>().max(1e-300), random.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

#[test]
fn the_poisson_interval_holds_at_all_times_at_once() {
    let misses = ever_wrong(400, |random| {
        let (mut expected, mut observed) = (0.0, 0.0);
        (0..4000).any(|row| {
            let p: f64 = random.random::<f64>() * 0.2;
            expected += p;
            observed += f64::from(u8::from(random.random::<f64>() < p));
            row % 50 == 49 && !poisson_interval(observed, 300.0, 0.05).contains(expected)
        })
    });
    assert!(misses <= 20, "{misses} of 400 missed");
}

#[test]
fn the_interval_of_a_ratio_holds_at_all_times_at_once() {
    // Samples of very different size whose noise is skewed and grows with them: hours of a model with few outcomes.
    let misses = ever_wrong(400, |random| {
        let mut samples = Vec::new();
        (0..400).any(|row: usize| {
            let below = 1.0 + 9.0 * random.random::<f64>();
            let noise = (0.5 * normal(random) - 0.125).exp();
            samples.push(Sample { above: 1.2 * below * noise, below });
            let look = row < 20 || row.is_multiple_of(20);
            look && !ratio_of_sums(&samples, 0.05).unwrap().interval.contains(1.2)
        })
    });
    assert!(misses <= 20, "{misses} of 400 missed");
}

#[test]
fn the_split_e_value_convicts_no_tolerated_candidate() {
    // On the very edge of the band, under shocks that strike both arms.
    let misses = ever_wrong(200, |random| {
        let mut strata = Vec::new();
        (0..300).any(|row: usize| {
            let shock = (0.7 * normal(random)).exp();
            let (candidate_predicted, baseline_predicted) = (1.05 * 0.8, 4.0);
            let mut positives = |mean: f64| (0..20).filter(|_| random.random::<f64>() < mean / 20.0).count() as f64;
            let (candidate, baseline) = (positives(0.8 * shock), positives(4.0 * shock));
            strata.push(Positives { candidate_predicted, baseline_predicted, candidate, baseline });
            row % 10 == 9 && eprocess::log_e_value(&strata, &Interval::around_one(0.05)) > 20f64.ln()
        })
    });
    assert!(misses <= 10, "{misses} of 200 were convicted");
}
