//! Reduces a plan to chosen steps.

use std::collections::HashSet;

use mountscan::MountId;

use crate::plan::cleanup_plan::{CleanupPlan, Step};

impl CleanupPlan {
    /// Reduces the plan to the steps that are wanted.
    ///
    /// A step is left out, too, if one that is left out lies on its mount. What is left out is not
    /// added to [`kept`](Self::kept).
    pub fn only(mut self, is_wanted: impl Fn(&Step) -> bool) -> Self {
        // Steps come after those on them.
        let mut holders: HashSet<MountId> = HashSet::new();
        self.steps.retain(|step| {
            let stays = is_wanted(step) && !holders.contains(&step.mount.mount_id);
            if !stays {
                holders.insert(step.parent_id);
            }
            stays
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::liveness::evidence::{Claim, Evidence};
    use crate::plan::cleanup_plan::PlanOptions;
    use crate::plan::decide::plan;
    use crate::plan::rules::Rules;

    #[test]
    fn wanted_steps_are_left_and_nothing_goes_from_below_what_stays() {
        let (one, two) = ("a".repeat(64), "b".repeat(64));
        let text = format!(
            "1 0 8:1 / / rw - ext4 d rw\n\
             2 1 0:2 / /r/containers/{one}/mounts/shm rw - tmpfs t rw\n\
             3 1 0:3 / /r/containers/{two}/mounts/shm rw - tmpfs t rw\n\
             4 2 0:4 / /r/containers/{one}/mounts/shm/x rw - tmpfs t rw\n\
             5 3 0:5 / /r/containers/{two}/mounts/shm/containers/{one}/mounts/shm rw - tmpfs t rw\n"
        );
        let table = mountscan::MountTable::from_bytes(text);
        let options = PlanOptions::new("/r").evidence(Evidence::none(Claim::NoneLive));
        let whole = plan(&table, &Rules::sweep(), &options).unwrap();
        assert_eq!(whole.steps().len(), 4);
        let left = |id: &str| -> Vec<u32> {
            let is_wanted = |step: &Step| step.container.as_deref() == Some(OsStr::new(id));
            let narrow = whole.clone().only(is_wanted);
            let steps = narrow.steps().iter();
            steps.map(|step| step.mount.mount_id.0).collect()
        };
        assert!(!left(&one).contains(&3), "{:?}", left(&one));
        assert!(left(&one).contains(&2), "{:?}", left(&one));
        // Mount 5 may be judged by either id. Where it stays, so does what it lies on.
        let of_two = left(&two);
        assert_eq!(of_two.contains(&5), of_two.contains(&3), "{of_two:?}");
        assert!(left("nobody").is_empty());
    }
}
