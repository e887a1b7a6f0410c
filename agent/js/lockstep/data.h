// The module `lockstep/data`: rows of a file, handed out over the whole fleet.
//
//   import { Rows } from 'lockstep/data';
//   const users = new Rows({ file: './users.csv', order: 'unique' });
//   export default function () { const user = users.next(); }
//
// See row_dealer.h for the orders. Files are read once per process, and rows become values one by
// one.
#pragma once

#include <v8.h>

#include "agent/data/row_dealer.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/script_files.h"

namespace lockstep::agent {

// `vu` and `store` outlive the context. Paths are those of the file whose code is running.
v8::Local<v8::Object> MakeRowsModule(Context context, ApiVu& vu, RowStore& store,
                                     ScriptFiles files);

}  // namespace lockstep::agent
