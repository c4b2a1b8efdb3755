//! Plans and reports as a person reads them. Ids are short there.

use std::fmt;
use std::path::Path;

use crate::cleanup::report::{CleanupReport, RootOutcome, StepReport};
use crate::path_text::{short_ids, shown};
use crate::plan::cleanup_plan::{CleanupPlan, Kept, RootAction, RootDecision, Step};
use crate::unmount::outcome::Outcome;

/// The path from the root on. The root itself is in the first line of the text.
fn inside(root: &Path, path: &Path) -> String {
    short_ids(&shown(path.strip_prefix(root).unwrap_or(path)))
}

/// So many mounts that were gone before their turn are named. If there are more, they are only
/// counted: nobody wants to read each of them.
const NAMED_GONE: usize = 5;

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {many}")
    }
}

impl fmt::Display for CleanupPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = shown(&self.root);
        if self.steps.is_empty() {
            writeln!(f, "nothing to unmount below {root}")?;
        } else {
            writeln!(
                f,
                "{} to unmount below {root}, in this order:",
                count(self.steps.len(), "mount", "mounts")
            )?;
        }
        for step in &self.steps {
            writeln!(f, "  {}", StepLine(&self.root, step))?;
        }
        write_kept(f, &self.root, &self.kept)?;
        for contradiction in &self.contradictions {
            writeln!(f, "WARNING: {contradiction}")?;
        }
        write!(f, "{}", self.root_decision)
    }
}

/// One step without its number: where, what, why.
struct StepLine<'a>(&'a Path, &'a Step);

impl fmt::Display for StepLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StepLine(root, step) = self;
        let kind = shown(Path::new(&step.fs_type));
        write!(
            f,
            "{}  ({kind}, mount {}; {}",
            inside(root, &step.mount.mount_point),
            step.mount.mount_id,
            step.rule
        )?;
        f.write_str(if step.hidden {
            "; hidden by another mount)"
        } else {
            ")"
        })
    }
}

fn write_kept(f: &mut fmt::Formatter<'_>, root: &Path, kept: &[Kept]) -> fmt::Result {
    match kept.len() {
        0 => {}
        1 => writeln!(f, "1 mount stays:")?,
        n => writeln!(f, "{n} mounts stay:")?,
    }
    for kept in kept {
        writeln!(
            f,
            "  {}  ({})",
            inside(root, &kept.mount.mount_point),
            short_ids(&kept.reason.to_string())
        )?;
    }
    Ok(())
}

impl fmt::Display for RootDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            RootAction::Keep => write!(f, "the root stays mounted: {}", self.reason),
            RootAction::Release => write!(f, "the root is released last: {}", self.reason),
            RootAction::None => write!(f, "the root: {}", self.reason),
        }
    }
}

impl fmt::Display for CleanupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.left().count();
        let done = count(self.steps.len() - left, "mount", "mounts");
        write!(f, "{done} gone below {}", shown(&self.root_path))?;
        writeln!(
            f,
            "{}",
            if left == 0 {
                String::new()
            } else {
                format!(", {left} left")
            }
        )?;
        let was_gone = |r: &&StepReport| r.outcome == Outcome::AlreadyGone;
        let gone = self.steps.iter().filter(was_gone).count();
        let is_told = |r: &&StepReport| match r.outcome {
            Outcome::Unmounted => false,
            Outcome::AlreadyGone => gone <= NAMED_GONE,
            _ => true,
        };
        if gone > NAMED_GONE {
            writeln!(f, "  {gone} of them were already gone")?;
        }
        for report in self.steps.iter().filter(is_told) {
            writeln!(
                f,
                "  {}: {}",
                inside(&self.root_path, &report.step.mount.mount_point),
                short_ids(&report.outcome.to_string())
            )?;
        }
        for failure in self.steps.iter().filter_map(|r| r.left_private.as_ref()) {
            writeln!(f, "WARNING: {}", short_ids(&failure.to_string()))?;
        }
        write_kept(f, &self.root_path, &self.kept)?;
        write!(f, "{}", self.root)
    }
}

impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}",
            shown(&self.step.mount.mount_point),
            self.outcome
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmounted => f.write_str("unmounted"),
            Self::Detached { holders } => match holders.to_string().as_str() {
                "" => f.write_str("busy, detached lazily"),
                who => write!(f, "busy, detached lazily; held by {who}"),
            },
            Self::AlreadyGone => f.write_str("already gone"),
            Self::Replaced { found } => write!(f, "left: mount {found} is there instead"),
            Self::Busy { holders } => match holders.to_string().as_str() {
                "" => f.write_str("left: busy"),
                who => write!(f, "left: busy, held by {who}"),
            },
            Self::Alive { by } => write!(f, "left: its container lives ({by})"),
            Self::CannotTell { why } => {
                write!(
                    f,
                    "left: it cannot be told whether its container lives: {why}"
                )
            }
            Self::NoAnswer { limit } => {
                write!(f, "left: it did not answer in {} s", limit.as_secs_f32())
            }
            Self::Failed(failure) => write!(f, "left: {failure}"),
        }
    }
}

impl fmt::Display for RootOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untouched(decision) => write!(f, "{decision}"),
            Self::Released { lazily: false } => f.write_str("the root is released"),
            Self::Released { lazily: true } => f.write_str(
                "the root is detached lazily: it was busy, or copies of mounts were on it",
            ),
            Self::Held => f.write_str("the root stays mounted: a mount below it is left"),
            Self::Failed(failure) => write!(f, "the root: {failure}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cleanup::report::CleanupReport;
    use crate::plan::cleanup_plan::PlanOptions;
    use crate::plan::decide::plan;
    use crate::plan::rules::Rules;

    /// What is said of so many mounts that were gone before their turn.
    fn said(gone: usize) -> String {
        let row = |n: usize| format!("{n} 1 0:{n} / /r/containers/{n:064x}/shm rw - tmpfs t rw\n");
        let text: String = (2..gone + 2).map(row).collect();
        let table = mountscan::MountTable::from_bytes(text);
        let plan = plan(&table, &Rules::sweep(), &PlanOptions::new("/r")).unwrap();
        let report = CleanupReport::of(&plan, |_| Outcome::AlreadyGone);
        report.to_string()
    }

    #[test]
    fn thousands_of_mounts_that_were_gone_are_one_line() {
        let few = said(5);
        assert_eq!(few.matches(": already gone").count(), 5, "{few}");
        let many = said(12_198);
        assert!(many.starts_with("12198 mounts gone below /r\n"), "{many}");
        assert!(many.contains("12198 of them were already gone"), "{many}");
        assert_eq!(many.lines().count(), 3, "{many}");
    }
}
