// The module `lockstep/data`: rows of a file, handed out over the whole fleet.
//
//   import { Rows } from 'lockstep/data';
//   const users = new Rows({ file: './users.csv', order: 'unique' });
//   export default function () { const user = users.next(); }
//
// See row_dealer.h for the orders. Files are read once per process, and rows become values one by
// one.
#pragma once

#include <string>

#include <v8.h>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

#include "agent/data/row_dealer.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {

// How files are found.
struct RowFiles {
  // The URL that a path means in the file whose code is running.
  absl::AnyInvocable<absl::StatusOr<std::string>(const std::string& path)> url_of;
  // The content. Cancelled when the VU was interrupted meanwhile.
  absl::AnyInvocable<absl::StatusOr<std::string>(const std::string& url)> load;
};

// `vu` and `store` outlive the context.
v8::Local<v8::Object> MakeRowsModule(v8::Local<v8::Context> context, ApiVu& vu, RowStore& store,
                                     RowFiles files);

}  // namespace lockstep::agent
