//! Figures as lines of Markdown tables.

/// A line with what is wanted beside what was measured.
pub(super) fn line(what: &str, measured: &str, target: &str) {
    println!("| {what} | {measured} | {target} |");
}

/// Three digits that count.
pub(super) fn shown(figure: f64) -> String {
    match figure {
        figure if figure >= 100.0 => format!("{figure:.0}"),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        figure => format!("{figure:.2}"),
    }
}

/// The one in the middle.
pub(super) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
