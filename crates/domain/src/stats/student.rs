//! A t-test that may be looked at after every sample: the mixture that needs no known variance.
//!
//! For samples u₁ … u_n with mean 0 under the hypothesis, let R = (Σu)² / (n·Σu²), between 0 and 1. Mixing the likelihood
//! over standardised means drawn from N(0, g), and over the unknown scale by its right Haar measure, gives
//! e = (1 + ng)^(−1/2) · ((1 + ng) / (1 + ng(1 − R)))^(n/2), an e-process for normal samples of any variance (Wang and
//! Ramdas, Anytime-valid t-tests, arXiv 2310.03722); for other samples the guarantee is asymptotic. It knows of its own
//! accord how little two or three samples say about a variance, which a plugged-in variance does not.

/// The scales of standardised means that are mixed in equal parts: a gross difference shows within a handful of samples,
/// a small one after a hundred.
const SCALES: [f64; 2] = [25.0, 0.05];

/// ln e after `samples` samples with the ratio `r` = (Σu)² / (n·Σu²), clamped to [0, 1].
pub fn log_e_value(samples: usize, r: f64) -> f64 {
    let n = samples as f64;
    let term = |g: f64| {
        let wide = (n * g).ln_1p();
        0.5 * (n * (wide - (n * g * (1.0 - r.clamp(0.0, 1.0))).ln_1p()) - wide)
    };
    let terms = SCALES.map(term);
    let most = terms.into_iter().fold(f64::NEG_INFINITY, f64::max);
    most + terms.iter().map(|term| (term - most).exp()).sum::<f64>().ln() - (SCALES.len() as f64).ln()
}

/// The t at which e reaches 1/`alpha`: |Σu| / √(n·s²) with s² = Σ(u − ū)² / (n − 1). Nothing when so few samples cannot
/// convict anybody, however they lie.
pub fn critical_t(samples: usize, alpha: f64) -> Option<f64> {
    let goal = -alpha.ln();
    if samples < 2 || log_e_value(samples, 1.0) <= goal {
        return None;
    }
    // ln e rises with r, so bisection finds the crossing; it runs on 1 − r, whose logarithm has room near r = 1.
    let (mut low, mut high) = (-40.0f64, 0.0f64);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if log_e_value(samples, 1.0 - middle.exp()) > goal {
            low = middle;
        } else {
            high = middle;
        }
    }
    let rest = low.exp();
    Some(((samples - 1) as f64 * (1.0 - rest) / rest).sqrt())
}
