// Rows of a file as a script sees them.
#pragma once

#include <cstdint>

#include <v8.h>

#include "agent/data/row_table.h"

namespace lockstep::agent {

// The row as a script's value: what JSON says, an object by the names of columns, or an array of
// texts. Empty with a pending exception.
v8::MaybeLocal<v8::Value> RowValue(v8::Local<v8::Context> context, const RowTable& table,
                                   int64_t row);

}  // namespace lockstep::agent
