//! The processors that the tests run for, and all that differs between them.

/// One architecture, by Debian's name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arch {
    /// Debian's name of it.
    pub(crate) name: &'static str,
    /// Rust's name of it.
    pub(crate) triple: &'static str,
    /// What the names of its cross compiler begin with, and its directory below `/usr`.
    pub(crate) gnu: &'static str,
    /// Packages with a compiler for it and its C library, for a machine of [`AMD64`].
    pub(crate) cross: &'static [&'static str],
    /// Its loader, as programs name it.
    pub(crate) loader: &'static str,
}

/// The one that everything is built on.
pub(crate) const AMD64: &Arch = &Arch {
    name: "amd64",
    triple: "x86_64-unknown-linux-gnu",
    gnu: "x86_64-linux-gnu",
    cross: &["gcc", "libc6-dev"],
    loader: "/lib64/ld-linux-x86-64.so.2",
};

/// 32 bits; the kernel of [`AMD64`] runs its programs.
pub(crate) const I386: &Arch = &Arch {
    name: "i386",
    triple: "i686-unknown-linux-gnu",
    gnu: "i686-linux-gnu",
    cross: &["gcc-i686-linux-gnu", "libc6-dev-i386-cross"],
    loader: "/lib/ld-linux.so.2",
};

impl Arch {
    /// As in the names of cargo's variables: `I686_UNKNOWN_LINUX_GNU`.
    pub(crate) fn variable(&self, what: &str) -> String {
        let triple = self.triple.to_uppercase().replace('-', "_");
        format!("CARGO_TARGET_{triple}_{what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_reads_the_variables_of_a_target() {
        let wanted = "CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER";
        assert_eq!(I386.variable("LINKER"), wanted);
    }
}
