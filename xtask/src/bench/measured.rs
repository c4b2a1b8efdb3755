//! Reads criterion's results: one directory per bench, two small JSON files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::cargo;

/// One criterion group.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) name: String,
    /// Function, then parameter, to the median in nanoseconds.
    pub(super) functions: BTreeMap<String, Vec<Point>>,
}

#[derive(Debug, Clone)]
pub(super) struct Point {
    /// As the bench gave it; empty when it gave none.
    pub(super) parameter: String,
    pub(super) nanoseconds: f64,
}

impl Point {
    /// The parameter as a size, when it begins with a number.
    pub(super) fn size(&self) -> Option<f64> {
        let digits: String = self
            .parameter
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '_')
            .filter(|c| *c != '_')
            .collect();
        digits.parse().ok().filter(|size| *size > 0.0)
    }
}

impl Group {
    /// The parameters in the order of their sizes.
    pub(super) fn parameters(&self) -> Vec<String> {
        let mut points: Vec<&Point> = self.functions.values().flatten().collect();
        points.sort_by(|a, b| {
            let sizes = (a.size().unwrap_or(0.0), b.size().unwrap_or(0.0));
            sizes
                .0
                .total_cmp(&sizes.1)
                .then(a.parameter.cmp(&b.parameter))
        });
        let mut names: Vec<String> = points.iter().map(|point| point.parameter.clone()).collect();
        names.dedup();
        names
    }

    /// A file name made of the group's.
    pub(super) fn slug(&self) -> String {
        self.name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect()
    }

    pub(super) fn median(&self, function: &str, parameter: &str) -> Option<f64> {
        self.functions
            .get(function)?
            .iter()
            .find(|point| point.parameter == parameter)
            .map(|point| point.nanoseconds)
    }
}

/// Everything below criterion's directory, by group name.
pub(super) fn collect(dir: &Path) -> anyhow::Result<Vec<Group>> {
    let mut groups = BTreeMap::new();
    collect_below(dir, &mut groups).with_context(|| format!("read {}", dir.display()))?;
    let mut groups: Vec<Group> = groups.into_values().collect();
    for points in groups
        .iter_mut()
        .flat_map(|group| group.functions.values_mut())
    {
        points.sort_by(|a, b| a.size().unwrap_or(0.0).total_cmp(&b.size().unwrap_or(0.0)));
    }
    Ok(groups)
}

fn collect_below(dir: &Path, groups: &mut BTreeMap<String, Group>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "new") {
            if let Some((bench, nanoseconds)) = read_one(&path)? {
                add(&bench, nanoseconds, groups);
            }
        } else {
            collect_below(&path, groups)?;
        }
    }
    Ok(())
}

fn read_one(dir: &Path) -> anyhow::Result<Option<(Value, f64)>> {
    let [bench, estimates] = ["benchmark.json", "estimates.json"].map(|name| dir.join(name));
    if !bench.is_file() || !estimates.is_file() {
        return Ok(None);
    }
    let bench = serde_json::from_slice(&fs::read(bench)?)?;
    let estimates: Value = serde_json::from_slice(&fs::read(estimates)?)?;
    Ok(estimates["median"]["point_estimate"]
        .as_f64()
        .map(|median| (bench, median)))
}

fn add(bench: &Value, nanoseconds: f64, groups: &mut BTreeMap<String, Group>) {
    let name = cargo::text(&bench["group_id"]).to_owned();
    let function = match bench["function_id"].as_str() {
        Some(function) if !function.is_empty() => function.to_owned(),
        _ => name.clone(),
    };
    let point = Point {
        parameter: cargo::text(&bench["value_str"]).to_owned(),
        nanoseconds,
    };
    let group = groups.entry(name.clone()).or_default();
    group.name = name;
    group.functions.entry(function).or_default().push(point);
}

/// One line on what this was measured.
pub(super) fn machine() -> anyhow::Result<String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let rustc = cargo::output(std::process::Command::new("rustc").arg("--version"))?;
    let rustc: String = rustc.split(" (").next().unwrap_or_default().to_owned();
    Ok(format!(
        "Linux {}, {model}, {cpus} cores, {}.\n",
        release.trim(),
        rustc.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(dir: &Path, name: &str, bench: &str, median: f64) {
        let dir = dir.join(name).join("new");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("benchmark.json"), bench).unwrap();
        let estimates = format!("{{\"median\":{{\"point_estimate\":{median}}}}}");
        fs::write(dir.join("estimates.json"), estimates).unwrap();
    }

    #[test]
    fn results_are_found_and_ordered_by_size() {
        let dir = tempfile::tempdir().unwrap();
        for (size, median) in [("10000", 90.0), ("100", 1.0), ("1_000", 9.5)] {
            let bench = format!(
                "{{\"group_id\":\"parse\",\"function_id\":\"ours\",\"value_str\":\"{size}\"}}"
            );
            result(dir.path(), &format!("parse/ours/{size}"), &bench, median);
        }
        result(
            dir.path(),
            "alone",
            "{\"group_id\":\"alone\",\"function_id\":null}",
            7.0,
        );
        let groups = collect(dir.path()).unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].median("alone", ""), Some(7.0));
        assert_eq!(groups[1].parameters(), ["100", "1_000", "10000"]);
        assert_eq!(groups[1].median("ours", "1_000"), Some(9.5));
    }
}
