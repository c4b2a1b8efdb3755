//! KVM or not.
//!
//! A device that opens, even one that runs a few instructions, proves
//! nothing: there are hosts whose KVM hangs at the first real kernel. So the module
//! has to be one of the two real ones, and a kernel has to boot under it in time.

use std::path::Path;

/// What runs the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accel {
    /// The processor.
    Kvm,
    /// qemu's translator: ten times slower, works anywhere.
    Tcg,
}

/// What can be said before anything boots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Settled, and why.
    Settled(Accel, String),
    /// KVM, if a kernel boots under it.
    ProbeKvm,
}

impl Accel {
    /// As on qemu's command line; one processor under TCG, where more than
    /// one have crashed new kernels while they patch their own code.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Kvm => &["-accel", "kvm", "-cpu", "host", "-smp", "2"],
            Self::Tcg => &["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "1"],
        }
    }

    /// How much longer things take.
    pub(crate) fn patience(self) -> u32 {
        match self {
            Self::Kvm => 1,
            Self::Tcg => 3,
        }
    }
}

/// Looks at `VM_ACCEL`, the modules and the device.
pub(crate) fn choose(wish: Option<&str>, sys_module: &Path, device: &Path) -> Choice {
    match wish {
        Some("kvm") => return Choice::Settled(Accel::Kvm, "VM_ACCEL=kvm".to_owned()),
        Some("tcg") => return Choice::Settled(Accel::Tcg, "VM_ACCEL=tcg".to_owned()),
        _ => {}
    }
    if !["kvm_intel", "kvm_amd"]
        .iter()
        .any(|module| sys_module.join(module).is_dir())
    {
        return Choice::Settled(Accel::Tcg, "no kvm_intel or kvm_amd here".to_owned());
    }
    match std::fs::File::options().read(true).write(true).open(device) {
        Ok(_) => Choice::ProbeKvm,
        Err(error) => Choice::Settled(Accel::Tcg, format!("{}: {error}", device.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kvm_takes_the_module_and_the_device_and_then_a_probe() {
        let place = tempfile::tempdir().unwrap();
        let (modules, device) = (place.path().join("module"), place.path().join("kvm"));
        std::fs::create_dir(&modules).unwrap();
        let is_tcg = |choice| matches!(choice, Choice::Settled(Accel::Tcg, _));
        assert!(is_tcg(choose(None, &modules, &device)));
        std::fs::create_dir(modules.join("kvm_pvm")).unwrap();
        std::fs::write(&device, "").unwrap();
        assert!(is_tcg(choose(None, &modules, &device)));
        std::fs::create_dir(modules.join("kvm_amd")).unwrap();
        assert_eq!(choose(None, &modules, &device), Choice::ProbeKvm);
        assert!(is_tcg(choose(Some("tcg"), &modules, &device)));
        std::fs::remove_file(&device).unwrap();
        assert!(is_tcg(choose(None, &modules, &device)));
        let wish = choose(Some("kvm"), &modules, &device);
        assert!(matches!(wish, Choice::Settled(Accel::Kvm, _)));
    }
}
