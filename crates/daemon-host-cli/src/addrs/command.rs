//! The arguments of `addrs`, and its one-time answer.

use std::ffi::OsString;
use std::path::PathBuf;

use daemon_host::ifaddrs::{Handle, ListOptions, Namespace};

use super::json::Listing;
use super::netns::netns;
use super::table::table;
use super::watch::watch;
use crate::exit::Exit;
use crate::output::Output;
use crate::until::end_after;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A link that does not exist is an answer: it is shown as missing, with exit code 1.

Examples:
  daemon-host addrs                    every link
  daemon-host addrs docker0            one, by name or alternative name
  daemon-host addrs eth0 --netns blue --json
  daemon-host addrs --watch            the present state, then every change")]
pub(crate) struct Args {
    /// The link, by name or alternative name; all links when left out.
    link: Option<OsString>,

    /// Look in this network namespace instead: a name of /run/netns, or a path.
    #[arg(long, value_name = "NAME|PATH")]
    netns: Option<PathBuf>,

    /// Follow changes: the present state first, then one line per event.
    #[arg(long)]
    watch: bool,

    /// With --watch: stop after this many seconds.
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    seconds: Option<u64>,
}

pub(crate) fn run(args: &Args, out: &Output) -> anyhow::Result<Exit> {
    if args.watch {
        let link = args.link.as_deref();
        return watch(&args.options()?, link, end_after(args.seconds), out);
    }
    let mut handle = Handle::open(&args.options()?)?;
    let links = match &args.link {
        Some(link) => vec![handle.addrs(link)?],
        None => handle.all()?,
    };
    if out.is_json() {
        out.json(&Listing::new(&links))?;
    } else {
        out.text(&table(&links).render())?;
    }
    Ok(Exit::finding_if(links.iter().any(|link| !link.found())))
}

impl Args {
    fn options(&self) -> anyhow::Result<ListOptions> {
        Ok(match &self.netns {
            Some(given) => ListOptions::in_namespace(Namespace::Path(netns(given)?)),
            None => ListOptions::default(),
        })
    }
}
