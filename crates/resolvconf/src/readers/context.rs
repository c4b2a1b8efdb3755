//! What a reader knows about its host besides the file.

use crate::document::Text;

/// What a reader knows about its host besides the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// The part of the host's name after the first dot. Some readers search this domain if the file
    /// has no search list.
    pub host_domain: Option<Text>,
    /// The names and numbers of the links. `None` if they are not known; every zone then counts as
    /// a link.
    pub links: Option<Vec<(String, u32)>>,
}

impl Context {
    /// A host without a domain. Its links are not known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the domain from the host's name: `web.prod.example` gives `prod.example`.
    #[must_use]
    pub fn host_name(mut self, name: &str) -> Self {
        let domain = name.split_once('.').map(|(_, domain)| domain);
        self.host_domain = domain.filter(|domain| !domain.is_empty()).map(Text::from);
        self
    }

    /// Sets the names and numbers of the links.
    #[must_use]
    pub fn links(mut self, links: Vec<(String, u32)>) -> Self {
        self.links = Some(links);
        self
    }

    /// Whether a zone names a link, by name or number. An empty zone never does.
    pub(crate) fn has_link(&self, zone: &[u8]) -> bool {
        !zone.is_empty() && (self.links.is_none() || self.link_number(zone).is_some())
    }

    /// The number of a link, by its name or its number.
    pub(crate) fn link_number(&self, zone: &[u8]) -> Option<u32> {
        let zone = std::str::from_utf8(zone).ok()?;
        let links = self.links.as_deref().unwrap_or_default();
        let known = links
            .iter()
            .find(|(name, number)| name == zone || zone.parse() == Ok(*number));
        known.map(|(_, number)| *number)
    }
}
