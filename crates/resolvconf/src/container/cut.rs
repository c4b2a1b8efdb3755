//! Cuts a container's content to the limits of one reader, on request.

use crate::container::limits::Limits;
use crate::container::resolved::{Resolved, Warning};
use crate::document::{Text, split_option};

impl Resolved {
    pub(crate) fn cut(&mut self, limits: &Limits) {
        let reader = limits.reader;
        let kept = limits.nameservers;
        if self.nameservers.len() > kept {
            self.nameservers.truncate(kept);
            self.warnings.push(Warning::CutNameservers { kept, reader });
        }
        let kept = limits.search_fit(self.search.iter().map(|domain| domain.as_bytes().len()));
        if self.search.len() > kept {
            self.search.truncate(kept);
            self.warnings.push(Warning::CutSearch { kept, reader });
        }
        self.lower_options(limits);
        self.cut_options(limits);
    }

    fn lower_options(&mut self, limits: &Limits) {
        let reader = limits.reader;
        for option in &mut self.options {
            let (name, value) = split_option(option.as_bytes());
            let number = std::str::from_utf8(value)
                .ok()
                .and_then(|v| v.parse::<u64>().ok());
            let (Some(cap), Some(number)) = (limits.largest(name), number) else {
                continue;
            };
            if number > u64::from(cap) {
                let lowered = [name, b":", cap.to_string().as_bytes()].concat();
                *option = Text::from(lowered);
                let lowered = option.clone();
                self.warnings
                    .push(Warning::LoweredOption { lowered, reader });
            }
        }
    }

    /// Cuts the options. The whole line must fit, with the word `options` and the blanks.
    fn cut_options(&mut self, limits: &Limits) {
        let (Some(most), before) = (limits.line_bytes, self.options.len()) else {
            return;
        };
        let mut end = b"options".len();
        let fits = |option: &&Text| {
            end += 1 + option.as_bytes().len();
            end <= most
        };
        let kept = self.options.iter().take_while(fits).count();
        if kept < before {
            self.options.truncate(kept);
            let reader = limits.reader;
            self.warnings.push(Warning::CutOptions { kept, reader });
        }
    }
}
