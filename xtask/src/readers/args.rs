//! The words of the command line.

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these cases, such as C13a. May be repeated.
    #[arg(long = "case", value_name = "CASE")]
    pub(super) cases: Vec<String>,

    /// Only these readers, such as glibc. May be repeated.
    #[arg(long = "reader", value_name = "NAME")]
    pub(super) readers: Vec<String>,

    /// Also so many odd mixtures, M0, M1 and so on. What differs there is listed.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub(super) mixed: usize,

    /// Where Debian's packages come from, if not from the usual place.
    #[arg(long, value_name = "URL")]
    pub(super) mirror: Option<String>,

    /// Fail when a reader is missing.
    #[arg(long)]
    pub(super) require: bool,
}
