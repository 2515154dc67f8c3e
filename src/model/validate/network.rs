//! Networks and ports (docs/placement.md, sections 1.2, 2.6 and 4).

use std::net::IpAddr;

use super::{amount, keys, no_nul, one_of, range, repeated};
use crate::model::network::{NetworkResource, Port};
use crate::model::problem::{Path, Problems, excerpt};

/// The modes of a group's network, beside `cni/<name>`.
const MODES: [&str; 4] = ["host", "bridge", "none", "cni/<name>"];

/// Checks the `Networks` of the group at a place.
pub(super) fn of_group(problems: &mut Problems, at: &Path<'_>, networks: &[NetworkResource]) {
    let list = at.key("Networks");
    asked(problems, list, networks);
    for (i, network) in networks.iter().enumerate() {
        let is_cni = network.mode().strip_prefix("cni/").is_some_and(|name| !name.is_empty());
        if !is_cni {
            one_of(problems, list.index(i).key("Mode"), network.mode(), "mode", &MODES);
        }
    }
}

/// Checks the `Networks` of the task's resources at a place. Their mode is not looked at.
pub(super) fn of_task(problems: &mut Problems, at: &Path<'_>, networks: &[NetworkResource]) {
    asked(problems, at.key("Networks"), networks);
}

fn asked(problems: &mut Problems, list: Path<'_>, networks: &[NetworkResource]) {
    if networks.len() > 1 {
        problems.add(list, format!("expected at most one network, found {}", networks.len()));
    }
    for (i, network) in networks.iter().enumerate() {
        let at = list.index(i);
        keys(problems, &at, network);
        amount(problems, at.key("MBits"), network.mbits(), " MBit/s");
        ports(problems, &at, network);
    }
}

fn ports(problems: &mut Problems, at: &Path<'_>, network: &NetworkResource) {
    let reserved = at.key("ReservedPorts");
    for (i, port) in network.reserved_ports.iter().enumerate() {
        let at = reserved.index(i);
        range(problems, at.key("Value"), port.value, 1, 65_535, "");
        port_of_any_kind(problems, &at, port);
    }
    let dynamic = at.key("DynamicPorts");
    for (i, port) in network.dynamic_ports.iter().enumerate() {
        let at = dynamic.index(i);
        if port.value != 0 {
            let message = format!(
                "the number of a dynamic port is chosen later, expected 0 or a port among \
                 `ReservedPorts`, found `{}`",
                port.value
            );
            problems.add(at.key("Value"), message);
        }
        if port.label.is_empty() {
            problems.add(at.key("Label"), "a dynamic port needs a label");
        }
        port_of_any_kind(problems, &at, port);
    }

    let place = |i: usize| match i.checked_sub(network.reserved_ports.len()) {
        Some(i) => dynamic.index(i),
        None => reserved.index(i),
    };
    let all: Vec<&Port> = network.reserved_ports.iter().chain(&*network.dynamic_ports).collect();
    // Numbers of the first API have no labels.
    let labels = all.iter().enumerate().map(|(i, port)| match port.label.as_str() {
        "" => (i, ""),
        label => (0, label),
    });
    for (i, first) in repeated(labels) {
        let message = format!("the label is that of {} too", place(first));
        problems.add(place(i).key("Label"), message);
    }
    let numbers = network.reserved_ports.iter().enumerate().map(|(i, port)| {
        let own = if port.ignore_collision { i + 1 } else { 0 };
        (own, port.host_network(), port.value)
    });
    for (i, first) in repeated(numbers) {
        let message = format!("the port is that of {} too", place(first));
        problems.add(place(i).key("Value"), message);
    }
}

fn port_of_any_kind(problems: &mut Problems, at: &Path<'_>, port: &Port) {
    keys(problems, at, port);
    no_nul(problems, at.key("Label"), &port.label);
    range(problems, at.key("To"), port.to, -1, 65_535, "");
}

/// Checks an address; nothing where there is none.
pub(super) fn ip(problems: &mut Problems, at: Path<'_>, text: &str) {
    // Some systems write the interface of a link-local address after it: `fe80::1%eth0`.
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    if !text.is_empty() && address.parse::<IpAddr>().is_err() {
        problems.add(at, format!("expected an IP address, found `{}`", excerpt(text)));
    }
}

/// Checks an address with the length of its prefix; nothing where there is none.
pub(super) fn cidr(problems: &mut Problems, at: Path<'_>, text: &str) {
    let is_cidr = || {
        let (address, length) = text.split_once('/')?;
        let length_max = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u8 = if is_number { length.parse().ok()? } else { return None };
        (length <= length_max).then_some(())
    };
    if !text.is_empty() && is_cidr().is_none() {
        let message = format!("expected a CIDR such as `10.0.0.1/24`, found `{}`", excerpt(text));
        problems.add(at, message);
    }
}
