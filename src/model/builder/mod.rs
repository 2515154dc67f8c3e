//! Builders: jobs and nodes written in Rust, without what their documents leave out.
//!
//! In: names, amounts and closures. Out: [`Job`](super::Job)s and [`Node`](super::Node)s, validated as
//! documents are, so that every mistake is reported at once with its path in the document. Each
//! builder has a method `with` for the parts of its document that have no method of their own. May
//! import the rest of `model`.

mod job;
mod node;

pub use job::{DeviceRequestBuilder, GroupBuilder, JobBuilder, TaskBuilder};
pub use node::{NodeBuilder, NodeDeviceBuilder};

/// The methods of all builders of things that have constraints and affinities.
macro_rules! rules {
    () => {
        /// Adds a constraint: nodes for which it does not hold are filtered. The right side of
        /// operands without one is empty.
        pub fn constraint(
            mut self,
            left: impl Into<String>,
            operand: impl Into<Operand>,
            right: impl Into<String>,
        ) -> Self {
            self.spec.constraints.push(Constraint {
                l_target: left.into(),
                operand: operand.into(),
                r_target: right.into(),
                ..Constraint::default()
            });
            self
        }

        /// Adds an affinity with its weight, -100 to 100: what it holds for is preferred, or avoided
        /// with a negative weight.
        pub fn affinity(
            mut self,
            left: impl Into<String>,
            operand: impl Into<Operand>,
            right: impl Into<String>,
            weight: i64,
        ) -> Self {
            self.spec.affinities.push(Affinity {
                l_target: left.into(),
                operand: operand.into(),
                r_target: right.into(),
                weight: Some(weight),
                ..Affinity::default()
            });
            self
        }
    };
}

/// The methods of the builders of jobs and groups.
macro_rules! spreads {
    () => {
        /// Adds a spread over the values of an attribute, with its weight, 1 to 100, and the percent
        /// of the allocations that some of the values should have.
        pub fn spread<V: Into<String>>(
            mut self,
            attribute: impl Into<String>,
            weight: i64,
            shares: impl IntoIterator<Item = (V, i64)>,
        ) -> Self {
            let share = |(value, percent): (V, i64)| SpreadTarget {
                value: value.into(),
                percent,
                ..SpreadTarget::default()
            };
            self.spec.spreads.push(Spread {
                attribute: attribute.into(),
                weight: Some(weight),
                spread_target: shares.into_iter().map(share).collect(),
                ..Spread::default()
            });
            self
        }

        /// Adds a spread in which all values of an attribute count alike, with its weight, 1 to 100.
        pub fn even_spread(self, attribute: impl Into<String>, weight: i64) -> Self {
            self.spread(attribute, weight, std::iter::empty::<(String, i64)>())
        }

        /// Allows at most one allocation (of the job or of the group, whichever is built) on a node.
        pub fn distinct_hosts(self) -> Self {
            self.constraint("", Operand::DistinctHosts, "")
        }

        /// Allows at most `count` allocations (of the job or of the group, whichever is built) on the
        /// nodes that share a value of an attribute.
        pub fn distinct_property(self, attribute: impl Into<String>, count: u64) -> Self {
            self.constraint(attribute, Operand::DistinctProperty, count.to_string())
        }
    };
}

/// The methods of the builders of things that have a network.
macro_rules! ports {
    () => {
        /// Adds a port with its number to the network.
        pub fn static_port(mut self, label: impl Into<String>, value: u16) -> Self {
            let value = i64::from(value);
            let port = Port { label: label.into(), value, ..Port::default() };
            self.network(|network| network.reserved_ports.push(port));
            self
        }

        /// Adds a port to the network whose number the scheduler chooses.
        pub fn dynamic_port(mut self, label: impl Into<String>) -> Self {
            let port = Port { label: label.into(), ..Port::default() };
            self.network(|network| network.dynamic_ports.push(port));
            self
        }
    };
}

/// The methods of all builders.
macro_rules! everything {
    ($spec:ty) => {
        /// Changes the document as it is so far, for what has no method of its own.
        pub fn with(mut self, change: impl FnOnce(&mut $spec)) -> Self {
            change(&mut self.spec);
            self
        }
    };
}

use {everything, ports, rules, spreads};
