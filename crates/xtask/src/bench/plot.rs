//! The curve as SVG: what a check and resolving cost as an organization grows.

use std::fmt::Write;

use serde_json::Value;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 34.0;
const PANEL_HEIGHT: f64 = 210.0;
const PANEL_TOPS: [f64; 2] = [120.0, 420.0];
const HEIGHT: f64 = 682.0;
/// The powers of ten at both ends of the x axis.
const X_POWERS: (i32, i32) = (1, 5);

/// Colours that can be told apart on white, on black and by most who see few colours, and a dash for
/// those who see none.
const STYLE: &str = "\
svg { font: 13px system-ui, sans-serif; }
text { fill: #1f2328; }
.axis { stroke: #59636e; fill: none; }
.grid { stroke: #d1d9e0; fill: none; }
.line { fill: none; stroke-width: 2; }
.s0 { stroke: #0a68c8; } .p0 { fill: #0a68c8; }
.s1 { stroke: #b35900; stroke-dasharray: 7 4; } .p1 { fill: #b35900; }
.s2 { stroke: #7a3fc4; stroke-dasharray: 2 4; } .p2 { fill: #7a3fc4; }
.s3 { stroke: #1a7f37; stroke-dasharray: 10 3 2 3; } .p3 { fill: #1a7f37; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.axis { stroke: #9198a1; }
.grid { stroke: #3d444d; }
.s0 { stroke: #58a6ff; } .p0 { fill: #58a6ff; }
.s1 { stroke: #f0a050; } .p1 { fill: #f0a050; }
.s2 { stroke: #c297ff; } .p2 { fill: #c297ff; }
.s3 { stroke: #56d364; } .p3 { fill: #56d364; }
}
";

/// One line: a name, and as many points as were measured.
struct Series {
    name: String,
    /// How many there are, nanoseconds of a check, microseconds of resolving.
    points: Vec<Point>,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    count: f64,
    check_ns: f64,
    resolve_us: f64,
}

/// One pair of axes.
struct Panel {
    title: &'static str,
    unit: &'static str,
    top: f64,
    /// What it shows of a point.
    figure: fn(&Point) -> f64,
    /// Each place on the y axis that gets a line and a label.
    ticks: Vec<f64>,
    /// Whether equal distances are equal factors.
    logarithmic: bool,
}

/// Draws what `curve` of tests/bench/native prints.
pub(super) fn svg(curve: &Value) -> String {
    let series = read(curve);
    let check = largest(&series, |point| point.check_ns);
    let resolve = largest(&series, |point| point.resolve_us);
    let panels = [
        Panel {
            title: "One check",
            unit: "CPU time, ns",
            top: PANEL_TOPS[0],
            figure: |point| point.check_ns,
            ticks: even_ticks(check),
            logarithmic: false,
        },
        Panel {
            title: "Resolving one principal's access",
            unit: "CPU time, µs",
            top: PANEL_TOPS[1],
            figure: |point| point.resolve_us,
            ticks: power_ticks(resolve),
            logarithmic: true,
        },
    ];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"title\">\n<title id=\"title\">What a check and resolving cost as an \
         organization grows from 10 to 100,000</title>\n<style>\n{STYLE}</style>\n"
    );
    for (number, series) in series.iter().enumerate() {
        legend(&mut svg, number, &series.name);
    }
    for panel in &panels {
        panel.draw(&mut svg, &series);
    }
    svg + "</svg>\n"
}

fn legend(svg: &mut String, number: usize, name: &str) {
    let y = 16.0 + 18.0 * count(number);
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        svg,
        "<path class=\"line s{number}\" d=\"M{LEFT} {y}h34\"/><text x=\"{}\" y=\"{}\">{name}</text>",
        LEFT + 44.0,
        y + 4.5
    );
}

impl Panel {
    fn draw(&self, svg: &mut String, all: &[Series]) {
        let (bottom, right) = (self.top + PANEL_HEIGHT, WIDTH - RIGHT);
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"600\">{}</text>",
            self.top - 12.0,
            self.title
        );
        for tick in &self.ticks {
            let y = self.y(*tick);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                y + 4.5,
                grouped(*tick)
            );
        }
        for power in X_POWERS.0..=X_POWERS.1 {
            let value = 10_f64.powi(power);
            let x = x(value);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} {}V{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                self.top,
                bottom + 19.0,
                grouped(value)
            );
        }
        let middle = self.top + PANEL_HEIGHT / 2.0;
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {}V{bottom}H{right}\"/>\
             <text transform=\"translate(16 {middle}) rotate(-90)\" text-anchor=\"middle\">{}</text>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">how many there are</text>",
            self.top,
            self.unit,
            (LEFT + right) / 2.0,
            bottom + 40.0
        );
        for (number, series) in all.iter().enumerate() {
            let mut line = String::new();
            let mut dots = String::new();
            for point in &series.points {
                let (x, y) = (x(point.count), self.y((self.figure)(point)));
                let letter = if line.is_empty() { 'M' } else { 'L' };
                let _ = write!(line, "{letter}{x:.1} {y:.1}");
                let _ = write!(
                    dots,
                    "<circle class=\"p{number}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>"
                );
            }
            let _ = writeln!(svg, "<path class=\"line s{number}\" d=\"{line}\"/>{dots}");
        }
    }

    fn y(&self, value: f64) -> f64 {
        let (first, last) = match (self.ticks.first(), self.ticks.last()) {
            (Some(first), Some(last)) if first < last => (*first, *last),
            _ => return self.top + PANEL_HEIGHT,
        };
        let share = if self.logarithmic {
            (value.max(first) / first).ln() / (last / first).ln()
        } else {
            (value - first) / (last - first)
        };
        self.top + PANEL_HEIGHT * (1.0 - share.clamp(0.0, 1.0))
    }
}

fn x(value: f64) -> f64 {
    let (first, last) = (f64::from(X_POWERS.0), f64::from(X_POWERS.1));
    let share = (value.log10() - first) / (last - first);
    LEFT + (WIDTH - RIGHT - LEFT) * share.clamp(0.0, 1.0)
}

fn read(curve: &Value) -> Vec<Series> {
    let all = curve.as_array().into_iter().flatten();
    all.map(|series| Series {
        name: series
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        points: series
            .get("points")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(point)
            .collect(),
    })
    .collect()
}

fn point(value: &Value) -> Option<Point> {
    let number = |index: usize| value.get(index).and_then(Value::as_f64);
    Some(Point {
        count: number(0)?,
        check_ns: number(1)?,
        resolve_us: number(2)?,
    })
}

fn largest(all: &[Series], figure: fn(&Point) -> f64) -> f64 {
    let points = all.iter().flat_map(|series| &series.points);
    points.map(figure).fold(1.0, f64::max)
}

/// From 0 in even steps of 1, 2 or 5 times a power of ten, four to eight of them, past `most`.
fn even_ticks(most: f64) -> Vec<f64> {
    let power = 10_f64.powf(most.log10().floor());
    let steps = [0.2, 0.5, 1.0, 2.0].map(|factor| factor * power);
    let step = steps
        .into_iter()
        .find(|step| most / step <= 8.0)
        .unwrap_or(power * 2.0);
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|last| *last < most) {
        ticks.push(step * count(ticks.len()));
    }
    ticks
}

/// Powers of ten from 1 past `most`.
fn power_ticks(most: f64) -> Vec<f64> {
    let mut ticks = vec![1.0];
    while ticks.last().is_some_and(|last| *last < most) {
        ticks.extend(ticks.last().map(|last| last * 10.0));
    }
    ticks
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// `100000` as people read it: `100,000`.
fn grouped(value: f64) -> String {
    let digits = if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        return format!("{value:.1}");
    };
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ticks_reach_past_the_largest_value() {
        assert_eq!(even_ticks(7.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(
            even_ticks(36.0),
            [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0]
        );
        assert_eq!(power_ticks(90.0), [1.0, 10.0, 100.0]);
    }

    #[test]
    fn numbers_are_grouped() {
        let texts = [10.0, 100.0, 1_000.0, 100_000.0, 0.5].map(grouped);
        assert_eq!(texts, ["10", "100", "1,000", "100,000", "0.5"]);
    }

    #[test]
    fn every_series_is_a_line_in_both_panels() {
        let curve = json!([{"name": "projects", "points": [[10, 5.0, 20.0], [100, 6.0, 200.0]]}]);
        let svg = svg(&curve);
        assert_eq!(svg.matches("class=\"line s0\"").count(), 3);
        assert!(svg.contains(">projects</text>"));
        assert!(svg.contains("CPU time, ns") && svg.contains("how many there are"));
    }
}
