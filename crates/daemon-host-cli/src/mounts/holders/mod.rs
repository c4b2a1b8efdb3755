//! `mounts holders`: who keeps a mount busy. `answer` collects, `json` and `text` show it.

mod answer;
mod command;
mod json;
mod kernel_word;
mod lost;
mod text;
mod words;

pub(super) use command::{Args, run};
pub(super) use lost::lost;
pub(super) use words::uses_words;
