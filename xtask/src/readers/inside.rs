//! The work inside the namespaces.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Result;
use resolvconf::readers::Waiting;

use super::call::command;
use super::cases::{Case, cases};
use super::compare::{Cell, compare};
use super::nameserver::{Log, serve};
use super::programs::{Program, programs};

/// Where the name server answers.
const ADDRESSES: [&str; 14] = [
    "127.0.0.1",
    "::1",
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "192.0.2.4",
    "192.0.2.5",
    "192.0.2.6",
    "192.0.2.7",
    "192.0.2.8",
    "192.0.2.9",
    "192.0.0.2",
    "192.0.2.0",
    "2001:db8::1",
];

/// The name that is looked up: without a dot, so that search lists are tried.
const NAME: &str = "zz";

/// How long a question may be under way when the program has its answer.
const LATE: Duration = Duration::from_millis(50);

pub(super) fn run(only: &[String], require: bool) -> Result<bool> {
    let dir = tempfile::tempdir()?;
    let addresses = network()?;
    let log = serve(&addresses)?;
    // Programs come later: the trees are for these namespaces alone.
    let programs = programs(dir.path())?;
    for name in &programs.missing {
        println!("skipped: {name}: not on this machine");
    }
    // The look-ups are about DNS alone.
    let switch = dir.path().join("nsswitch.conf");
    std::fs::write(&switch, "hosts: dns\n")?;
    bind(&switch.to_string_lossy(), "/etc/nsswitch.conf")?;
    let mut sound = true;
    for program in &programs.here {
        sound &= column(program, &cases(only)?, &log, &addresses, dir.path())?;
    }
    let complete = !require || programs.missing.is_empty();
    Ok(sound && complete && !programs.here.is_empty())
}

/// One reader over all files.
fn column(
    program: &Program,
    cases: &[Case],
    log: &Log,
    addresses: &[IpAddr],
    dir: &std::path::Path,
) -> Result<bool> {
    let own = program.own_file();
    let file = dir.join("resolv.conf");
    let (mut same, mut unseen, mut differs) = (0, 0, Vec::new());
    for case in cases {
        let Some(text) = &case.text else { continue };
        match &own {
            Some(own) => std::fs::write(own, text)?,
            None => {
                std::fs::write(&file, text)?;
                bind(&file.to_string_lossy(), "/etc/resolv.conf")?;
            }
        }
        command("hostname", &[case.host.as_deref().unwrap_or("box")])?;
        log.take();
        program.look_up(NAME)?;
        if program.reader.lookups.waiting == Waiting::AllAtOnce {
            // Questions to the other servers may still be on their way.
            std::thread::sleep(LATE);
        }
        match compare(case, text, &program.reader, NAME, &log.take(), addresses) {
            Cell::Same => same += 1,
            Cell::NotSeen => unseen += 1,
            Cell::Differs(how) => differs.push(format!("{}: {how}", case.id)),
        }
        if own.is_none() {
            command("umount", &["/etc/resolv.conf"])?;
        }
    }
    let (name, versions) = (program.reader.name, program.reader.versions);
    println!(
        "{name} ({versions}): {same} agree, {} differ, {unseen} not seen from here",
        differs.len()
    );
    for how in &differs {
        println!("  {how}");
    }
    Ok(differs.is_empty())
}

fn network() -> Result<Vec<IpAddr>> {
    command("ip", &["link", "set", "lo", "up"])?;
    let mut all = Vec::new();
    for address in ADDRESSES {
        let address: IpAddr = address.parse()?;
        if !address.is_loopback() {
            let prefix = if address.is_ipv4() { 32 } else { 128 };
            let nodad = if address.is_ipv4() {
                None
            } else {
                Some("nodad")
            };
            let prefix = format!("{address}/{prefix}");
            let mut words = vec!["addr", "add", &prefix, "dev", "lo"];
            words.extend(nodad);
            command("ip", &words)?;
        }
        all.push(address);
    }
    Ok(all)
}

fn bind(from: &str, to: &str) -> Result<()> {
    command("mount", &["--bind", from, to])
}
