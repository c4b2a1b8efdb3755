//! The numbers of `linux/netlink.h`, `linux/rtnetlink.h`, `linux/if_addr.h` and `linux/if_link.h`
//! that this crate speaks of, by the kernel's own names.

/// An answer to one request: an error number, 0 for success.
pub(crate) const NLMSG_ERROR: u16 = 2;
/// The end of a dump.
pub(crate) const NLMSG_DONE: u16 = 3;
pub(crate) const RTM_NEWLINK: u16 = 16;
pub(crate) const RTM_DELLINK: u16 = 17;
pub(crate) const RTM_GETLINK: u16 = 18;
pub(crate) const RTM_NEWADDR: u16 = 20;
pub(crate) const RTM_DELADDR: u16 = 21;
pub(crate) const RTM_GETADDR: u16 = 22;

pub(crate) const NLM_F_REQUEST: u16 = 0x1;
/// The list changed while it was dumped.
pub(crate) const NLM_F_DUMP_INTR: u16 = 0x10;
pub(crate) const NLM_F_DUMP: u16 = 0x300;
/// The error answer leaves out the request that it answers, except for the request's header.
pub(crate) const NLM_F_CAPPED: u16 = 0x100;
/// The error answer ends with attributes.
pub(crate) const NLM_F_ACK_TLVS: u16 = 0x200;
/// The kernel's words in an error answer.
pub(crate) const NLMSGERR_ATTR_MSG: u16 = 1;

/// The two highest bits of an attribute's type mark nesting and byte order.
pub(crate) const NLA_TYPE_MASK: u16 = 0x3fff;

pub(crate) const AF_UNSPEC: u8 = 0;
pub(crate) const AF_INET: u8 = 2;
pub(crate) const AF_INET6: u8 = 10;

pub(crate) const IFA_ADDRESS: u16 = 1;
pub(crate) const IFA_LOCAL: u16 = 2;
pub(crate) const IFA_LABEL: u16 = 3;
pub(crate) const IFA_BROADCAST: u16 = 4;
pub(crate) const IFA_CACHEINFO: u16 = 6;
pub(crate) const IFA_FLAGS: u16 = 8;
pub(crate) const IFA_RT_PRIORITY: u16 = 9;
pub(crate) const IFA_PROTO: u16 = 11;

pub(crate) const IFLA_ADDRESS: u16 = 1;
pub(crate) const IFLA_IFNAME: u16 = 3;
pub(crate) const IFLA_MTU: u16 = 4;
pub(crate) const IFLA_MASTER: u16 = 10;
pub(crate) const IFLA_OPERSTATE: u16 = 16;
pub(crate) const IFLA_EXT_MASK: u16 = 29;
pub(crate) const IFLA_PROP_LIST: u16 = 52;
pub(crate) const IFLA_ALT_IFNAME: u16 = 53;
/// Leaves the statistics out of an answer, a quarter of it.
pub(crate) const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
