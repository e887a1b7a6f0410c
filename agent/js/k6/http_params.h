// From the arguments of a `k6/http` function to the request that it means: URL, body and
// parameters.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <v8.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "agent/http/call.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/http_response.h"

namespace lockstep::agent {

// A request that can be made, and how its answer is shown.
struct PreparedRequest {
  HttpCallSpec spec;
  ResponseType response_type = ResponseType::kText;
};

// What is wrong with a request, as data: the script gets a failed Response, unless it wants
// exceptions.
struct RequestFault {
  int code = 0;  // 1020 for the URL, 0 for anything else
  std::string message;
};

// One of `request` and `fault`; or neither, with a pending exception.
struct RequestOrFault {
  std::optional<PreparedRequest> request;
  std::optional<RequestFault> fault;
  bool throws = false;  // whether failures are to be exceptions
};

// `expected` is what the VU's requests expect without a responseCallback of their own. `method`
// "" is GET. `body` and `params` may be undefined or null.
RequestOrFault PrepareRequest(v8::Local<v8::Context> context, ApiVu& vu,
                              const std::optional<ExpectedStatuses>& expected, std::string method,
                              v8::Local<v8::Value> url, v8::Local<v8::Value> body,
                              v8::Local<v8::Value> params);

// A duration of the API: a number of milliseconds, or a string with units. InvalidArgument names
// `key`; Cancelled with a pending exception.
absl::StatusOr<absl::Duration> DurationOf(v8::Local<v8::Context> context, absl::string_view key,
                                          v8::Local<v8::Value> value);

}  // namespace lockstep::agent
