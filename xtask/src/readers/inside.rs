//! The work inside the namespaces.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use resolvconf::readers::Addresses;

use super::args::Args;
use super::call::command;
use super::cases::{Case, cases};
use super::compare::{Seen, compare};
use super::nameserver::{Log, serve};
use super::network::{LINKS, network};
use super::programs::{Program, programs};
use super::tally::Tally;

/// How long a question may be under way when the program has its answer.
const LATE: Duration = Duration::from_millis(50);

pub(super) fn run(args: &Args) -> Result<bool> {
    let cases = cases(&args.cases, args.mixed)?;
    let dir = tempfile::tempdir()?;
    let addresses = network()?;
    let log = serve(&addresses, LINKS[1].1)?;
    // Programs come later: the trees are for these namespaces alone.
    let mut programs = programs(dir.path())?;
    let wanted = |name: &str| args.readers.is_empty() || args.readers.iter().any(|r| r == name);
    programs.here.retain(|program| wanted(program.reader.name));
    for name in &programs.missing {
        println!("skipped: {name}");
    }
    // The look-ups are about DNS alone.
    let switch = dir.path().join("nsswitch.conf");
    std::fs::write(&switch, "hosts: dns\n")?;
    bind(&switch.to_string_lossy(), "/etc/nsswitch.conf")?;
    let mut sound = true;
    for program in &programs.here {
        sound &= column(program, &cases, &log, &addresses, dir.path())?;
    }
    if programs.here.is_empty() {
        println!("no reader was run");
    }
    let complete = !args.require || programs.missing.is_empty();
    Ok(sound && complete && !programs.here.is_empty())
}

/// One reader over all files.
fn column(
    program: &Program,
    cases: &[Case],
    log: &Log,
    addresses: &[IpAddr],
    dir: &Path,
) -> Result<bool> {
    let mut tally = Tally::default();
    for case in cases {
        let Some(text) = &case.text else { continue };
        let lookups = program.reader.lookups;
        let measured = lookups.addresses != Addresses::Unknown;
        if case.odd_names && !measured {
            continue; // For which names it asks was not measured.
        }
        let seen = see(program, case, text, log, dir)?;
        let cell = compare(case, text, program, &seen, addresses);
        tally.count(&case.id, cell, program.known(&case.id));
    }
    let (name, versions) = (program.reader.name, program.reader.versions);
    print!("{}", tally.text(&format!("{name} ({versions})")));
    Ok(tally.is_sound())
}

/// Has a reader look the names up with one file.
fn see(program: &Program, case: &Case, text: &[u8], log: &Log, dir: &Path) -> Result<Seen> {
    let own = program.own_file();
    let file = dir.join("resolv.conf");
    match &own {
        Some(own) => std::fs::write(own, text)?,
        None => {
            std::fs::write(&file, text)?;
            bind(&file.to_string_lossy(), "/etc/resolv.conf")?;
        }
    }
    command("hostname", &[case.host.as_deref().unwrap_or("box")])?;
    log.take();
    let mut asked = Vec::new();
    let kept = program.look_up(case.names, log, |name| {
        if program.asks_all() {
            // Questions to the other servers may still be on their way.
            std::thread::sleep(LATE);
        }
        asked.push((name.to_owned(), log.take()));
    })?;
    if own.is_none() {
        command("umount", &["/etc/resolv.conf"])?;
    }
    Ok(Seen { asked, kept })
}

fn bind(from: &str, to: &str) -> Result<()> {
    command("mount", &["--bind", from, to])
}
