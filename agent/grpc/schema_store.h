// The schemas of a run, shared by all VUs of the agent: what they load, by where it is from, and
// what servers tell by reflection, by its content.
#pragma once

#include "agent/data/once_map.h"
#include "agent/grpc/schema.h"

namespace lockstep::agent {

class SchemaStore final : public OnceMap<const ProtoSchema> {};

}  // namespace lockstep::agent
