//! One group as a Markdown table: a row for each function, a column for each
//! size, the multiple of the floor beside each time, the fitted growth last.

use std::fmt::Write as _;

use super::measured::{Group, Point};

pub(super) fn render(group: &Group) -> String {
    let parameters = group.parameters();
    let floor = group.functions.keys().find(|name| name.contains("floor"));
    let grows = group
        .functions
        .values()
        .any(|points| slope(points).is_some());
    let mut text = format!("\n## {}\n\n| |", group.name);
    for parameter in &parameters {
        let title = if parameter.is_empty() {
            "median"
        } else {
            parameter
        };
        let _ = write!(text, " {title} |");
    }
    text.push_str(if grows { " growth |\n" } else { "\n" });
    text.push_str(&"|---".repeat(1 + parameters.len() + usize::from(grows)));
    text.push_str("|\n");
    for (function, points) in &group.functions {
        let _ = write!(text, "| {function} |");
        for parameter in &parameters {
            let floor = floor.and_then(|floor| group.median(floor, parameter));
            let _ = write!(
                text,
                " {} |",
                cell(group.median(function, parameter), floor)
            );
        }
        if grows {
            let growth = slope(points).map(|slope| format!("n^{slope:.2}"));
            let _ = write!(text, " {} |", growth.unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

fn cell(median: Option<f64>, floor: Option<f64>) -> String {
    match (median, floor) {
        (None, _) => String::new(),
        (Some(median), Some(floor)) if floor > 0.0 => {
            format!("{} ({:.2}×)", time(median), median / floor)
        }
        (Some(median), _) => time(median),
    }
}

/// Three digits and a unit.
pub(super) fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    let digits = match value {
        v if v < 10.0 => 2,
        v if v < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// The exponent of the power law through at least three sizes, by least
/// squares on the logarithms.
pub(super) fn slope(points: &[Point]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = points
        .iter()
        .filter_map(|point| Some((point.size()?.ln(), point.nanoseconds.ln())))
        .collect();
    if logs.len() < 3 {
        return None;
    }
    let count = logs.len() as f64;
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let shared: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    (spread > 0.0).then(|| shared / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(pairs: &[(&str, f64)]) -> Vec<Point> {
        pairs
            .iter()
            .map(|(parameter, nanoseconds)| Point {
                parameter: (*parameter).to_owned(),
                nanoseconds: *nanoseconds,
            })
            .collect()
    }

    #[test]
    fn growth_is_fitted() {
        let linear = points(&[("10", 50.0), ("100", 500.0), ("1000", 5000.0)]);
        let square = points(&[("10", 1.0), ("100", 100.0), ("1000", 10_000.0)]);
        assert!((slope(&linear).unwrap() - 1.0).abs() < 1e-9);
        assert!((slope(&square).unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(slope(&linear[..2]), None);
    }

    #[test]
    fn times_have_three_digits() {
        assert_eq!(time(1.234), "1.23 ns");
        assert_eq!(time(12_340.0), "12.3 µs");
        assert_eq!(time(123_400_000.0), "123 ms");
        assert_eq!(time(2e9), "2.00 s");
    }

    #[test]
    fn rows_stand_beside_their_floor() {
        let mut group = Group {
            name: "parse".to_owned(),
            ..Group::default()
        };
        group
            .functions
            .insert("floor".to_owned(), points(&[("", 10.0)]));
        group
            .functions
            .insert("ours".to_owned(), points(&[("", 25.0)]));
        let text = render(&group);
        assert!(text.contains("| ours | 25.0 ns (2.50×) |"), "{text}");
        assert!(text.contains("| | median |\n|---|---|\n"), "{text}");
    }
}
