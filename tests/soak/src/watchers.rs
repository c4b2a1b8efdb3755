//! Three threads that follow what happens, from the first moment to the last.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use daemon_host::{ifaddrs, mountscan, resolvconf};

const WAIT: Duration = Duration::from_millis(50);

/// Counts what each has heard, and ends them.
#[derive(Debug)]
pub(crate) struct Watchers {
    done: Arc<AtomicBool>,
    threads: Vec<Watcher>,
}

#[derive(Debug)]
struct Watcher {
    name: &'static str,
    heard: Arc<AtomicU64>,
    /// Waits in which it heard nothing.
    idle: Arc<AtomicU64>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Watchers {
    /// Starts all three in the namespaces of the caller.
    pub(crate) fn start(resolv_conf: PathBuf) -> anyhow::Result<Self> {
        let mut all = Self {
            done: Arc::default(),
            threads: Vec::new(),
        };
        let mut mounts = mountscan::Watcher::open(&mountscan::WatchOptions::new())?;
        all.add("mounts", move || {
            let heard = mounts.next_within(WAIT)?.is_some();
            if !heard {
                // A table that was kept up to date has some slack; one just read has none.
                mounts.rescan()?;
            }
            Ok(heard)
        })?;
        let mut links = ifaddrs::Watcher::open(&ifaddrs::ListOptions::default())?;
        all.add("addresses", move || Ok(links.next_within(WAIT)?.is_some()))?;
        let mut options = resolvconf::WatchOptions::new();
        options.select.etc = resolv_conf;
        let mut servers = resolvconf::Watcher::open(&options)?;
        all.add("resolv.conf", move || {
            Ok(servers.next_within(WAIT)?.is_some())
        })?;
        Ok(all)
    }

    fn add(
        &mut self,
        name: &'static str,
        mut hears: impl FnMut() -> anyhow::Result<bool> + Send + 'static,
    ) -> anyhow::Result<()> {
        let (heard, idle) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (done, yes, no) = (
            Arc::clone(&self.done),
            Arc::clone(&heard),
            Arc::clone(&idle),
        );
        let follow = move || {
            while !done.load(Ordering::Relaxed) {
                let count = if hears()? { &yes } else { &no };
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let thread = thread::Builder::new().name(name.into()).spawn(follow)?;
        self.threads.push(Watcher {
            name,
            heard,
            idle,
            thread,
        });
        Ok(())
    }

    /// Waits until all three have heard all there is to hear.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        for Watcher {
            name, idle, thread, ..
        } in &self.threads
        {
            let before = idle.load(Ordering::Relaxed);
            // The first of them may have begun before the last event.
            while idle.load(Ordering::Relaxed) < before + 2 {
                ensure!(!thread.is_finished(), "{name}: it has ended");
                thread::sleep(WAIT / 10);
            }
        }
        Ok(())
    }

    /// Ends them; each must have heard of most rounds, though
    /// changes that come together may be told as one.
    pub(crate) fn end(self, rounds: u64) -> anyhow::Result<String> {
        self.done.store(true, Ordering::Relaxed);
        let mut words = Vec::new();
        for Watcher {
            name,
            heard,
            thread,
            ..
        } in self.threads
        {
            let ended = thread.join();
            ended
                .ok()
                .with_context(|| format!("{name}: it panicked"))?
                .context(name)?;
            let heard = heard.load(Ordering::Relaxed);
            ensure!(
                heard >= rounds / 4,
                "{name}: {heard} events in {rounds} rounds"
            );
            words.push(format!("{heard} of {name}"));
        }
        Ok(words.join(", "))
    }
}
