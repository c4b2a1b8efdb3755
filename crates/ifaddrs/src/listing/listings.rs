//! The listings that a query gives, each with the groups left behind.

use super::query::Query;
use super::{every, one};
use crate::error::Error;
use crate::facts::{AllAddrs, LinkAddrs};
use crate::socket::Transport;
use crate::wire::Which;

impl<T: Transport> Query<T> {
    /// One link and its addresses.
    pub(crate) async fn addrs(&mut self, which: Which<'_>) -> Result<LinkAddrs, Error> {
        self.begin()?;
        let answer = one::one(self, which).await;
        self.leave();
        answer
    }

    /// All links and their addresses, by number.
    pub(crate) async fn all(&mut self) -> Result<Vec<LinkAddrs>, Error> {
        self.begin()?;
        let answer = every::by_link(self).await;
        self.leave();
        answer
    }

    /// All addresses in the kernel's order.
    pub(crate) async fn all_addrs(&mut self) -> Result<AllAddrs, Error> {
        self.begin()?;
        let answer = every::flat(self).await;
        self.leave();
        answer
    }

    /// Takes a new socket if the last answer was given up, and leaves the groups.
    fn begin(&mut self) -> Result<(), Error> {
        self.exchange.renew()?;
        self.leave();
        Ok(())
    }

    fn leave(&mut self) {
        if !self.always_guarded {
            self.exchange.unguard();
        }
    }
}
