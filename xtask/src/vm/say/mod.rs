//! What is heard from machines and what is told of it. Only `ui` and `publish` print.

pub(crate) mod console;
pub(crate) mod kernel_report;
pub(crate) mod publish;
pub(crate) mod report;
pub(crate) mod ui;
pub(crate) mod verdict;
