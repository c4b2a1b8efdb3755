//! What a run needs from outside: the kernels it names, the runtimes of every suite.

use super::cache;
use super::fetch::Fetch;
use super::kernel_parts;
use super::lock::Lock;
use super::series;
use crate::vm::args::Args;
use crate::vm::image::bundle::Bundle;
use crate::vm::parallel::each;
use crate::vm::say::publish::Outcome;
use crate::vm::say::ui::Ui;
use anyhow::{Context, Result, bail};

/// What is fetched.
pub(crate) struct Provided {
    /// Each kernel of the selection, by title.
    pub(crate) kernels: Vec<(String, Bundle)>,
    pub(crate) runtimes: Vec<Bundle>,
    /// Why the runtimes of a suite are not among them.
    pub(crate) left_out: Vec<String>,
}

impl Provided {
    /// From the cache or from apt. The kernels are all there or it is an error; of the suites of
    /// runtimes, one is enough.
    pub(crate) fn get(args: &Args, ui: &Ui) -> Result<Self> {
        let (cache, lock) = (cache::directory()?, Lock::load()?);
        let fetch = Fetch {
            cache: &cache,
            lock: &lock,
            source: args.source(),
            locked: args.locked,
            ui,
        };
        let kernels = match &args.kernel_image {
            Some(image) => {
                let place = fetch.place();
                std::fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
                let modules = args.modules.as_deref();
                let bundle = kernel_parts::from_files(&place.join("image"), image, modules)?;
                vec![("image".to_owned(), bundle)]
            }
            None => {
                let series = series::select(&args.kernel)?;
                let found = each(&series, 2, |series| fetch.bundle(*series));
                let named = series.iter().zip(found);
                named
                    .map(|(series, bundle)| Ok((series.name.to_owned(), bundle?)))
                    .collect::<Result<_>>()?
            }
        };
        let (mut runtimes, mut left_out) = (Vec::new(), Vec::new());
        for found in each(series::SUITES, 2, |suite| fetch.bundle(*suite)) {
            match found {
                Ok(bundle) => runtimes.push(bundle),
                Err(error) => left_out.push(format!("{error:#}")),
            }
        }
        for why in &left_out {
            ui.warn(why);
        }
        if runtimes.is_empty() {
            bail!(
                "the runtimes of no suite are available: {}",
                left_out.join("; ")
            );
        }
        Ok(Self {
            kernels,
            runtimes,
            left_out,
        })
    }

    /// Adds to the results which runtimes the tests had, and which they lacked.
    pub(crate) fn tell(&self, outcome: &mut Outcome) {
        let labels: Vec<&str> = self.runtimes.iter().map(|it| it.label.as_str()).collect();
        outcome.note += &format!("; runtimes: {}", labels.join(", "));
        // The whole of it, remedy included, was said as a warning.
        let short = |why: &String| {
            why.split([';', '('])
                .next()
                .map(|why| why.replace(": ", ", "))
        };
        outcome
            .skipped
            .extend(self.left_out.iter().filter_map(short));
    }
}
