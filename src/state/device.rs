//! What requests for devices read of a node's devices (docs/placement.md, section 5.1).

use crate::model::device::{DeviceAttribute, NodeDevice};
use crate::syntax::quantity::{Amount, Quantity, Unit};
use crate::syntax::target::DeviceTarget;

/// A group of alike devices of a node with its attributes read, so that they are not read again for
/// every request.
#[derive(Clone, Debug)]
pub(crate) struct DeviceFacts {
    pub(crate) vendor: Quantity,
    pub(crate) device_type: Quantity,
    pub(crate) model: Quantity,
    /// The ids of all instances, unhealthy ones too, with commas between them.
    ids: Quantity,
    /// Sorted by key.
    attributes: Vec<(Box<str>, Quantity)>,
    healthy: usize,
    instances: usize,
}

impl DeviceFacts {
    /// Reads a group. An attribute without a value is left out, so it is not found.
    pub(crate) fn new(device: &NodeDevice) -> Self {
        let ids: Vec<&str> = device.instances.iter().map(|instance| instance.id.as_str()).collect();
        let mut attributes: Vec<(Box<str>, Quantity)> = device
            .attributes
            .iter()
            .filter_map(|(key, attribute)| Some((key.as_str().into(), quantity(attribute)?)))
            .collect();
        attributes.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        Self {
            vendor: text(&device.vendor),
            device_type: text(&device.device_type),
            model: text(&device.name),
            ids: text(&ids.join(",")),
            attributes,
            healthy: device.instances.iter().filter(|instance| instance.healthy).count(),
            instances: device.instances.len(),
        }
    }

    /// How many instances are healthy, in use or not (section 5.2).
    pub(crate) fn healthy(&self) -> usize {
        self.healthy
    }

    /// How many instances there are, unhealthy ones too.
    pub(crate) fn instances(&self) -> usize {
        self.instances
    }

    /// What a target names on these devices.
    pub(crate) fn find(&self, target: &DeviceTarget) -> Option<&Quantity> {
        match target {
            DeviceTarget::Model => Some(&self.model),
            DeviceTarget::Vendor => Some(&self.vendor),
            DeviceTarget::Type => Some(&self.device_type),
            DeviceTarget::Ids => Some(&self.ids),
            DeviceTarget::Attribute(key) => self
                .attributes
                .binary_search_by(|(name, _)| name.cmp(key))
                .ok()
                .and_then(|place| self.attributes.get(place))
                .map(|(_, value)| value),
            DeviceTarget::Literal(_) | DeviceTarget::Unknown(_) => None,
        }
    }
}

/// A text as a value, whatever it looks like: models and ids are not read as numbers.
fn text(text: &str) -> Quantity {
    Quantity::Text(text.into())
}

/// The value of an attribute: the first kind that is present.
fn quantity(attribute: &DeviceAttribute) -> Option<Quantity> {
    let number = |amount| Quantity::Number { amount, unit: Unit::parse(&attribute.unit) };
    let int = attribute.int.map(|int| number(Amount::Int(int)));
    int.or_else(|| attribute.float.map(|float| number(Amount::Float(float))))
        .or_else(|| attribute.string.as_deref().map(text))
        .or_else(|| attribute.bool.map(Quantity::Bool))
}
