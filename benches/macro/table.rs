//! Figures as lines of Markdown tables.

/// A line with what is wanted beside what was measured.
pub(super) fn line(what: &str, measured: &str, target: &str) {
    println!("| {what} | {measured} | {target} |");
}

/// Three digits that count.
pub(super) fn shown(figure: f64) -> String {
    match figure {
        figure if figure >= 1_000.0 => {
            let figure = figure.round() as u64;
            format!("{},{:03}", figure / 1_000, figure % 1_000)
        }
        figure if figure >= 100.0 => format!("{figure:.0}"),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        figure => format!("{figure:.2}"),
    }
}

/// The one in the middle.
pub(super) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    quantile(figures.into_iter().collect(), 2, 4)
}

/// How many times the others the figures are, round by round: the one in the middle, and between what half of them lie.
pub(super) fn ratio(
    figures: impl IntoIterator<Item = f64>,
    others: impl IntoIterator<Item = f64>,
) -> String {
    let rounds = figures.into_iter().zip(others);
    let ratios: Vec<f64> = rounds.map(|(figure, other)| figure / other).collect();
    let [low, middle, high] = [1, 2, 3].map(|quarter| quantile(ratios.clone(), quarter, 4));
    format!("{middle:.2} ({low:.2}–{high:.2})")
}

/// The figure below which this part of all figures lies.
fn quantile(mut figures: Vec<f64>, part: usize, of: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    let at = figures.len() * part / of;
    figures.get(at).copied().unwrap_or(f64::NAN)
}
