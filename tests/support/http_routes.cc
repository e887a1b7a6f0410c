#include "tests/support/http_routes.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

#include "agent/http/compress.h"
#include "agent/net/response_reader.h"
#include "common/base/percent_encoding.h"

namespace lockstep::testing {
namespace {

std::string Response(int status, absl::string_view body, absl::string_view more_headers = "") {
  std::string head =
      absl::StrCat("HTTP/1.1 ", status, " ", agent::ReasonPhrase(status), "\r\n", more_headers);
  if (status == 204 || status == 304 || status < 200) {
    return absl::StrCat(head, "\r\n");
  }
  return absl::StrCat(head,
                      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: ", body.size(),
                      "\r\n\r\n", body);
}

int64_t NumberAfter(absl::string_view path, absl::string_view prefix) {
  int64_t number = 0;
  return absl::SimpleAtoi(path.substr(prefix.size()), &number) ? number : 0;
}

// Of a query: undoes agent::QueryEscape.
std::string Decoded(absl::string_view text) {
  return PercentDecoded(absl::StrReplaceAll(text, {{"+", " "}}));
}

std::vector<std::pair<std::string, std::string>> Parameters(absl::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const absl::string_view part : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    const size_t equals = part.find('=');
    parameters.emplace_back(
        Decoded(part.substr(0, equals)),
        equals == absl::string_view::npos ? "" : Decoded(part.substr(equals + 1)));
  }
  return parameters;
}

std::string HeaderLines(absl::string_view query, absl::string_view prefix,
                        absl::string_view between) {
  std::string lines;
  for (const auto& [name, value] : Parameters(query)) {
    absl::StrAppend(&lines, prefix, name, between, value, "\r\n");
  }
  return lines;
}

std::string Echo(const ServerRequest& request) {
  const absl::string_view type = request.Header("content-type");
  return absl::StrCat(
      "HTTP/1.1 200 OK\r\nContent-Type: ", type.empty() ? "application/octet-stream" : type,
      "\r\nContent-Length: ", request.body.size(), "\r\n\r\n", request.body);
}

ServerReply Redirect(const ServerRequest& request) {
  const int64_t left = NumberAfter(request.path, "/redirect/");
  int status = 302;
  for (const auto& [name, value] : Parameters(request.query)) {
    if (name == "code" && !absl::SimpleAtoi(value, &status)) {
      status = 302;
    }
  }
  const std::string tail = request.query.empty() ? "" : absl::StrCat("?", request.query);
  const std::string location = left > 1 ? absl::StrCat("/redirect/", left - 1, tail) : "/";
  return {.first = Response(status, "moving\n", absl::StrCat("Location: ", location, "\r\n"))};
}

// A redirect home whose body ends before its time.
ServerReply ShortRedirect() {
  return {
      .first =
          "HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: hop=1; Path=/\r\nContent-Length: 100\r\n\r\nmov",
      .then = ServerReply::Then::kClose};
}

ServerReply Broken(absl::string_view path) {
  if (path == "/close") {
    return {.then = ServerReply::Then::kClose};
  }
  if (path == "/reset") {
    return {.then = ServerReply::Then::kReset};
  }
  if (path == "/truncated") {
    return {.first = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            .then = ServerReply::Then::kClose};
  }
  if (path == "/cut-101") {
    return {.first = "HTTP/1.1 101 Switching Protocols\r\nUpg", .then = ServerReply::Then::kClose};
  }
  return {.first = "this is not HTTP at all\r\n\r\n", .then = ServerReply::Then::kClose};
}

std::string Tick(int64_t number) {
  return absl::StrCat("id: ", number, "\nevent: tick\ndata: {\"n\":", number, "}\n\n");
}

ServerReply Events(const ServerRequest& request) {
  const std::vector<std::string> parts = absl::StrSplit(request.path.substr(8), '/');
  int64_t count = 0, every = 0, last = 0, each = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &count) ||
      !absl::SimpleAtoi(parts[1], &every)) {
    return {.first = Response(404, "no such page\n")};
  }
  const bool again = absl::SimpleAtoi(request.Header("last-event-id"), &last);
  if (again && last >= count) {
    return {.first = Response(204, "")};
  }
  ServerReply reply{.first =
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Set-Cookie: stream=1; Path=/\r\n\r\nretry: 20\n\n",
                    .delay = absl::Milliseconds(every),
                    .then = ServerReply::Then::kClose};
  if (!again) {
    absl::StrAppend(&reply.first, "event: hello\nid: 0\ndata: ", request.method,
                    "\ndata: ", request.body, "\n\n");
  }
  for (const auto& [name, value] : Parameters(request.query)) {
    if (name != "each" || !absl::SimpleAtoi(value, &each)) {
      each = 0;
    }
  }
  const int64_t until = each > 0 ? std::min(count, last + each) : count;
  reply.second = Tick(last + 1);
  for (int64_t i = last + 2; i <= until; ++i) {
    reply.rest.push_back(Tick(i));
  }
  return reply;
}

ServerReply Delayed(const ServerRequest& request) {
  if (absl::StartsWith(request.path, "/delay/")) {
    return {.first = Response(200, "late\n"),
            .delay = absl::Milliseconds(NumberAfter(request.path, "/delay/")),
            .delay_first = true};
  }
  return {.first = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegin",
          .second = "-end.",
          .delay = absl::Milliseconds(NumberAfter(request.path, "/slow-body/"))};
}

}  // namespace

absl::string_view ServerRequest::Header(absl::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) {
      return value;
    }
  }
  return "";
}

ServerReply Answer(const ServerRequest& request, int64_t requests_before) {
  const std::string& path = request.path;
  if (path == "/") {
    return {.first = Response(200, "hello\n")};
  }
  if (path == "/__count") {
    return {.first = Response(200, absl::StrCat(requests_before, "\n"))};
  }
  if (absl::StartsWith(path, "/status/")) {
    const auto status = static_cast<int>(NumberAfter(path, "/status/"));
    return {.first = Response(status, absl::StrCat("status ", status))};
  }
  if (path == "/echo") {
    return {.first = Echo(request)};
  }
  if (path == "/request") {
    return {.first = Response(200, absl::StrCat(request.head, "\r\n", request.body))};
  }
  if (absl::StartsWith(path, "/delay/") || absl::StartsWith(path, "/slow-body/")) {
    return Delayed(request);
  }
  if (absl::StartsWith(path, "/events/")) {
    return Events(request);
  }
  if (path == "/redirect-to") {
    return {.first = Response(302, "moved", absl::StrCat("Location: ", request.query, "\r\n"))};
  }
  if (absl::StartsWith(path, "/redirect/")) {
    return Redirect(request);
  }
  if (path == "/chunked") {
    return {.first =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\nX-Sum: 11\r\n\r\n"};
  }
  if (path == "/gzip") {
    const std::string body = agent::Compress(agent::Coding::kGzip, "unpacked");
    return {.first = Response(200, body, "Content-Encoding: gzip\r\n")};
  }
  if (path == "/bad-gzip") {
    return {.first = Response(200, "this is not gzip", "Content-Encoding: gzip\r\n")};
  }
  if (absl::StartsWith(path, "/bytes/")) {
    return {.first =
                Response(200, std::string(static_cast<size_t>(NumberAfter(path, "/bytes/")), 'x'))};
  }
  if (path == "/cookies") {
    return {.first = Response(200, request.Header("cookie"))};
  }
  if (path == "/cookies/set") {
    return {.first = Response(200, "set\n", HeaderLines(request.query, "Set-Cookie: ", "="))};
  }
  if (path == "/header") {
    return {.first = Response(200, "", HeaderLines(request.query, "", ": "))};
  }
  if (path == "/drop-kept") {
    return request.kept_connection ? Broken("/close") : ServerReply{.first = Response(200, "fine")};
  }
  if (path == "/short-redirect") {
    return ShortRedirect();
  }
  if (path == "/close" || path == "/reset" || path == "/truncated" || path == "/garbage" ||
      path == "/cut-101") {
    return Broken(path);
  }
  if (absl::StartsWith(path, "/ws")) {
    return {.first = Response(400, "upgrade wanted", "X-Why: no upgrade\r\n"),
            .then = ServerReply::Then::kClose};
  }
  return {.first = Response(404, "no such page\n")};
}

}  // namespace lockstep::testing
