//! rootmount: the rules, and a plan.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use rootmount::{MountTable, PlanOptions, Rules};

use crate::case::{Case, Work};
use crate::rng::id;

const ROOT: &str = "/var/lib/docker";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::warm("match rules", rules),
        Case::warm("plan 2000 leftovers", plan),
    ]
}

/// Paths below a data root, a third of them leftovers.
fn rules() -> Work {
    let path = |n: u64| {
        let id = id(n);
        PathBuf::from(match n % 6 {
            0 => format!("overlay2/{id}/merged"),
            1 => format!("containers/{id}/mounts/shm"),
            2 => format!("volumes/{id}/_data"),
            3 => format!("overlay2/{id}/merged/etc/hosts"),
            4 => format!("containers/{id}/hostname"),
            _ => format!("plugins/{id}/propagated-mount"),
        })
    };
    let points: Vec<PathBuf> = (0..3_000).map(path).collect();
    let rules = Rules::sweep();
    Box::new(move || {
        let matches = |point: &&PathBuf| rules.matching(point).is_some();
        black_box(black_box(&points).iter().filter(matches).count());
    })
}

/// As many leftovers as other mounts, all on one host.
fn plan() -> Work {
    let mut text = "1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n".to_owned();
    for row in 2..=2_001 {
        let id = id(row);
        let layers = format!("{ROOT}/overlay2/{id}");
        text += &format!(
            "{row} 1 0:{row} / {layers}/merged rw,relatime - overlay overlay rw,upperdir={layers}/diff\n"
        );
        let other = row + 2_000;
        text += &format!("{other} 1 0:{other} / /mnt/{id} rw,relatime - tmpfs tmpfs rw\n");
    }
    let table = MountTable::from_bytes(text.as_bytes());
    let (rules, options) = (Rules::sweep(), PlanOptions::new(Path::new(ROOT)));
    Box::new(move || {
        let plan = rootmount::plan(&table, &rules, &options).expect("the root is a good one");
        assert_eq!(plan.steps().len(), 2_000);
        black_box(plan);
    })
}
