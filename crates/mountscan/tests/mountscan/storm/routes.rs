//! Every way to a table.

use std::os::fd::AsFd;
use std::path::Path;

use mountscan::{
    Detail, KernelQueries, MountList, MountTable, ReadOptions, Refresh, Source, WatchOptions,
    WatchRoute, Watcher,
};

pub(crate) type Route<'r> = (&'static str, Box<dyn FnMut() -> MountTable + 'r>);

fn read(source: Source<'_>, set: impl Fn(&mut ReadOptions)) -> MountTable {
    let mut options = ReadOptions::new();
    set(&mut options);
    loop {
        // One moment may not be found in a storm; what is found has to be right.
        match MountTable::read(source, &options) {
            Err(error) if error.kind() == mountscan::ErrorKind::Unstable => {}
            table => return table.expect("readable"),
        }
    }
}

pub(crate) fn routes<'r>(base: &'r Path, namespace: &'r std::fs::File) -> Vec<Route<'r>> {
    let thread = rustix::thread::gettid()
        .as_raw_nonzero()
        .get()
        .unsigned_abs();
    let mut routes: Vec<Route<'r>> = vec![
        (
            "text",
            Box::new(|| MountTable::current().expect("readable")),
        ),
        (
            "process",
            Box::new(move || read(Source::Pid(thread), |_| {})),
        ),
        (
            "process, unique ids",
            Box::new(move || read(Source::Pid(thread), |options| options.unique_ids = true)),
        ),
        (
            "unique ids",
            Box::new(|| read(Source::Thread, |options| options.unique_ids = true)),
        ),
        (
            "one moment",
            Box::new(|| read(Source::Thread, |options| options.one_moment = true)),
        ),
        (
            "namespace",
            Box::new(|| read(Source::Namespace(namespace.as_fd()), |_| {})),
        ),
        (
            "namespace, unique ids",
            Box::new(|| {
                let source = Source::Namespace(namespace.as_fd());
                read(source, |options| options.unique_ids = true)
            }),
        ),
        (
            "namespace of a process",
            Box::new(move || read(Source::NamespaceOf(thread), |_| {})),
        ),
        (
            "process, one moment",
            Box::new(move || read(Source::Pid(thread), |options| options.one_moment = true)),
        ),
        (
            "without procfs",
            Box::new(|| {
                read(Source::Thread, |options| {
                    if KernelQueries::cached() >= KernelQueries::Rows {
                        options.proc = "/nowhere".into();
                    }
                })
            }),
        ),
        (
            "under",
            Box::new(|| MountTable::under_now(base, Detail::Everything).expect("readable")),
        ),
    ];
    if KernelQueries::cached() >= KernelQueries::Rows {
        let list = || MountList::current().and_then(|list| list.table());
        routes.push(("list", Box::new(move || list().expect("readable"))));
    }
    let mut held = read(Source::Thread, |options| options.unique_ids = true);
    routes.push((
        "refresh everything",
        Box::new(move || {
            held.refresh(Refresh::Everything).expect("readable");
            held.clone()
        }),
    ));
    routes
}

/// Routes that follow what exists, and say that they do not see moves.
pub(crate) fn followers<'r>() -> Vec<Route<'r>> {
    let mut held = read(Source::Thread, |options| options.unique_ids = true);
    let refresh = move || {
        held.refresh(Refresh::Existence).expect("readable");
        held.clone()
    };
    let mut routes: Vec<Route<'r>> = vec![("refresh existence", Box::new(refresh))];
    for route in [WatchRoute::Poll, WatchRoute::Fanotify] {
        let mut options = WatchOptions::new();
        options.route = Some(route);
        if let Ok(mut watch) = Watcher::open(&options) {
            let name = match route {
                WatchRoute::Poll => "watch by poll",
                _ => "watch by fanotify",
            };
            let look = move || {
                while watch.try_next().expect("readable").is_some() {}
                watch.table().clone()
            };
            routes.push((name, Box::new(look)));
        }
    }
    routes
}
