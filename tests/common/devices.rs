//! An independent reading of requests for devices, for the requests that worlds have: which devices
//! match, and whether any assignment meets them all, by trying them all.

use stowplan::model::{Constraint, NodeDevice, Operand, RequestedDevice};

/// Whether a group of devices may serve a request.
pub fn matches(request: &RequestedDevice, device: &NodeDevice) -> bool {
    let parts: Vec<&str> = request.name.split('/').collect();
    let names = [device.vendor.as_str(), device.device_type.as_str(), device.name.as_str()];
    let names = if parts.len() == 1 { &names[1..] } else { &names[..] };
    let is_named = parts.iter().zip(names).all(|(part, name)| part.is_empty() || part == name);
    is_named && request.constraints.iter().all(|it| holds(it, device))
}

/// Whether one device of a group that matches may serve a request.
pub fn allows(request: &RequestedDevice, id: &str) -> bool {
    let by_id = request.constraints.iter().filter(|it| it.l_target == "${device.ids}");
    by_id.into_iter().all(|it| it.r_target == id)
}

fn holds(constraint: &Constraint, device: &NodeDevice) -> bool {
    match (constraint.l_target.as_str(), &constraint.operand) {
        ("${device.attr.memory}", Operand::Ge) => {
            let gib = device.attributes.get("memory").and_then(|it| it.int).unwrap();
            gib >= constraint.r_target.strip_suffix(" GiB").unwrap().parse().unwrap()
        }
        ("${device.model}", Operand::Ne) => device.name != constraint.r_target,
        ("${device.ids}", Operand::SetContainsAny) => {
            device.instances.iter().any(|instance| instance.id == constraint.r_target)
        }
        other => panic!("worlds have no such rule: {other:?}"),
    }
}

/// Whether all requests can be met, each from one group, from the devices that are left: for each
/// group, its free ones.
pub fn can_be_met(requests: &[&RequestedDevice], left: &[(&NodeDevice, Vec<&str>)]) -> bool {
    let Some((request, others)) = requests.split_first() else { return true };
    let count = request.count.unwrap_or(1) as usize;
    (0..left.len()).any(|group| {
        let (device, free) = &left[group];
        if !matches(request, device) {
            return false;
        }
        let usable: Vec<&str> = free.iter().copied().filter(|id| allows(request, id)).collect();
        choices(&usable, count).into_iter().any(|taken| {
            let mut left = left.to_vec();
            left[group].1.retain(|id| !taken.contains(id));
            can_be_met(others, &left)
        })
    })
}

/// All ways to take so many of some things.
fn choices<'a>(things: &[&'a str], count: usize) -> Vec<Vec<&'a str>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, thing) in things.iter().enumerate() {
        for mut rest in choices(&things[at + 1..], count - 1) {
            rest.push(thing);
            all.push(rest);
        }
    }
    all
}
