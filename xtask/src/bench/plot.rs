//! One group's growth as an SVG: both axes logarithmic, a line for each function.

use std::fmt::Write as _;

use super::measured::Group;
use super::table::time;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 40.0;
/// Also different for a reader who does not see red and green.
const COLOURS: &[&str] = &[
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999",
];

/// One function's sizes and times.
struct Line<'g> {
    name: &'g str,
    points: Vec<(f64, f64)>,
}

/// The axes: from what is measured to the picture.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
}

/// The plot, when at least one function has three sizes.
pub(super) fn render(group: &Group) -> Option<String> {
    let lines = lines(group);
    if !lines.iter().any(|line| line.points.len() >= 3) {
        return None;
    }
    let frame = Frame::around(&lines);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-weight=\"bold\">{}</text>\n",
        escaped(&group.name)
    );
    frame.draw_axes(&mut svg);
    for (index, line) in lines.iter().enumerate() {
        frame.draw_line(&mut svg, line, index);
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

fn lines(group: &Group) -> Vec<Line<'_>> {
    group
        .functions
        .iter()
        .map(|(name, points)| Line {
            name,
            points: points
                .iter()
                .filter_map(|point| Some((point.size()?, point.nanoseconds)))
                .collect(),
        })
        .filter(|line| line.points.len() >= 2)
        .collect()
}

impl Frame {
    fn around(lines: &[Line<'_>]) -> Frame {
        let bounds = |values: Vec<f64>| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(0.0, f64::max);
            (
                low.log10().floor(),
                high.log10().ceil().max(low.log10().floor() + 1.0),
            )
        };
        let all = || lines.iter().flat_map(|line| line.points.iter());
        Frame {
            x: bounds(all().map(|(x, _)| *x).collect()),
            y: bounds(all().map(|(_, y)| *y).collect()),
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let along = (x.log10() - self.x.0) / (self.x.1 - self.x.0);
        let up = (y.log10() - self.y.0) / (self.y.1 - self.y.0);
        (
            LEFT + along * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
        )
    }

    /// A grid line and a label for each power of ten.
    fn draw_axes(&self, svg: &mut String) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for power in self.x.0 as i32..=self.x.1 as i32 {
            let (x, _) = self.place((10_f64.powi(power), 10_f64.powf(self.y.0)));
            let label = 10_f64.powi(power);
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            );
        }
        for power in self.y.0 as i32..=self.y.1 as i32 {
            let (_, y) = self.place((10_f64.powf(self.x.0), 10_f64.powi(power)));
            let label = time(10_f64.powi(power));
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 6.0,
                y + 4.0
            );
        }
    }

    fn draw_line(&self, svg: &mut String, line: &Line<'_>, index: usize) {
        let colour = COLOURS[index % COLOURS.len()];
        let places: Vec<String> = line
            .points
            .iter()
            .map(|point| self.place(*point))
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let legend = TOP + 14.0 + 18.0 * index as f64;
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{:.1}\" y=\"{legend:.1}\" fill=\"{colour}\">{}</text>",
            places.join(" "),
            WIDTH - RIGHT + 12.0,
            escaped(line.name)
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::measured::Point;
    use super::*;

    #[test]
    fn growth_is_drawn_from_left_to_right_and_upwards() {
        let mut group = Group {
            name: "a < b".to_owned(),
            ..Group::default()
        };
        let points = [("100", 1e3), ("1000", 1e4), ("10000", 1e5)]
            .map(|(parameter, nanoseconds)| Point {
                parameter: parameter.to_owned(),
                nanoseconds,
            })
            .to_vec();
        group.functions.insert("ours".to_owned(), points);
        let svg = render(&group).unwrap();
        assert!(svg.contains("a &lt; b"), "{svg}");
        assert!(
            svg.contains("points=\"70.0,360.0 295.0,195.0 520.0,30.0\""),
            "{svg}"
        );
        group
            .functions
            .values_mut()
            .for_each(|points| points.truncate(2));
        assert!(render(&group).is_none());
    }
}
