//! What a workflow is given: tenant, store, services, clock, actor.
