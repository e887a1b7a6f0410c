// A request while it is put together from what a script gave.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "agent/http/call.h"
#include "agent/http/compress.h"
#include "agent/http/error_code.h"
#include "agent/http/headers.h"
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
  int code = 0;           // kInvalidUrl for the URL, 0 for anything else
  std::string message;    // k6's words, where it has any
  std::string hint = {};  // what is allowed, for people; "": `message` says it
  std::string method = {};
};

struct RequestDraft {
  PreparedRequest& request;  // that is put together
  std::optional<RequestFault> fault = {};
  bool throws = false;               // whether failures are to be exceptions
  std::string content_type = {};     // that the body brings; "" for none
  std::vector<Coding> codings = {};  // of the body, in the order in which they are applied

  // Always false, so that a reader can return it.
  bool Fail(std::string message, int code = 0, std::string hint = "") {
    fault = RequestFault{code, std::move(message), std::move(hint)};
    return false;
  }
  // The same, but for Cancelled, which stands for a pending exception.
  bool Fail(const absl::Status& status) {
    return absl::IsCancelled(status) ? false : Fail(std::string(status.message()));
  }
  // Nothing can be sent, but the request counts as one that failed; the first reason stands.
  void SetHopeless(std::string message, int code = error_code::kGeneric) {
    if (!request.spec.hopeless) {
      request.spec.hopeless = HttpError{code, std::move(message)};
    }
  }
  void SetDefaultHeader(absl::string_view name, std::string value) {
    if (!FindHeader(request.spec.request.headers, name)) {
      request.spec.request.headers.emplace_back(name, std::move(value));
    }
  }
};

}  // namespace lockstep::agent
