// What curl knows of a transfer, in the words of HttpResponse: times, peer, TLS, bytes, failure.
#pragma once

#include <optional>

#include <curl/curl.h>

#include "absl/strings/string_view.h"

#include "agent/http/message.h"
#include "agent/net/easy_handle.h"
#include "agent/net/network.h"
#include "agent/net/phases.h"
#include "agent/net/target.h"

namespace lockstep::agent {

// Whatever there is to know; after the transfer, or while it has its connection.
CurlTimes TimesOf(CURL* easy);

// While the transfer has its connection: version and cipher suite as k6 spells them, and what the
// server stapled.
void FillTls(EasyHandle& easy, HttpResponse& response);

// Remote address, and bytes of heads and bodies in both directions.
void FillPeerAndBytes(CURL* easy, HttpResponse& response);

// Tells the network's owner if the transfer failed because this machine has run out of local ports
// or descriptors.
void ReportShortage(int os_errno, const Network& network);

// The errno with which a transfer failed, 0 for none.
int OsErrorOf(CURL* easy);

// Why the transfer ended with `code`. `text`: curl's error buffer. `before_deadline`: it was not
// the request's time-out.
HttpError FailureOf(CURL* easy, CURLcode code, absl::string_view text, const Target& target,
                    const std::optional<IpAddress>& dialled, bool before_deadline);

}  // namespace lockstep::agent
