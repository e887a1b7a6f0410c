// The module `k6/http`, except its cookie jars (http_cookie_jar.h): request functions, batch,
// response callbacks. One per VU; it holds what a VU's requests share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <v8.h>

#include "agent/http/call.h"
#include "agent/http/sampler.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/numbered.h"
#include "agent/js/k6/api_vu.h"
#include "agent/js/k6/http_request.h"
#include "agent/js/k6/http_response.h"
#include "agent/js/k6/http_stream.h"
#include "agent/js/k6/pending_promises.h"

namespace lockstep::agent {

class HttpModule final : public VuPart {
 public:
  // See ContextSlot (agent/js/bind).
  static constexpr int kContextSlot = kHttpSlot;

  // `vu` outlives the module, the module the scripts that use it.
  HttpModule(ApiVu& vu, v8::Isolate* isolate);
  ~HttpModule() override;
  HttpModule(const HttpModule&) = delete;
  HttpModule& operator=(const HttpModule&) = delete;

  // The module's exports as properties of an object.
  v8::Local<v8::Object> MakeExports(Context context);

  // Abandons requests that nobody is waiting for any longer.
  void EndIteration() override;

  ApiVu& vu() { return vu_; }
  void set_expected(std::optional<ExpectedStatuses> expected) { expected_ = std::move(expected); }

  // Makes a request and waits for its answer: the Response, or empty with a pending exception or a
  // terminated script.
  v8::MaybeLocal<v8::Value> Request(Context context, std::string method, v8::Local<v8::Value> url,
                                    v8::Local<v8::Value> body, v8::Local<v8::Value> params);
  // The same without waiting: a promise. With responseType "stream" both have an answer once its
  // head has come. `number` becomes what Abandon knows the request by.
  v8::MaybeLocal<v8::Promise> RequestAsync(Context context, RequestArguments arguments,
                                           uint64_t* number);
  // Forgets a request, whose promise stays as it is.
  void Abandon(uint64_t number) { async_calls_.Forget(number); }
  // `requests` is an array or an object; the result has the same keys.
  v8::MaybeLocal<v8::Value> Batch(Context context, v8::Local<v8::Object> requests);

  // `function` of html.js on a Response: html, submitForm or clickLink, with the script's
  // argument.
  v8::MaybeLocal<v8::Value> CallHtml(Context context, const char* function,
                                     v8::Local<v8::Value> response, v8::Local<v8::Value> argument);

  // A function that takes a URL and params was given more, of which it makes nothing.
  void WarnOfExtraArguments(absl::string_view method);
  // What calls work with; WebSockets share it.
  HttpCallEnv& env();

 private:
  struct BatchItem {
    v8::Local<v8::Value> key;
    ResponseType type = ResponseType::kText;
    bool throws = false;
    v8::Local<v8::Value> failed;  // the Response of a request that could not be made
  };

  // Warns of options of submitForm and clickLink that there are not.
  void CheckFormOptions(Context context, absl::string_view function, v8::Local<v8::Value> options);
  void MakeDebug();
  bool RefuseInInit(v8::Isolate* isolate);
  // What becomes of a request's answer.
  struct Delivery {
    ResponseType type = ResponseType::kText;
    bool throws = false;
  };
  // Makes `call_`. Null: there is none, and `at_once` is what Request returns.
  std::optional<Delivery> MakeCall(Context context, RequestArguments arguments,
                                   v8::MaybeLocal<v8::Value>* at_once);
  // The Response that stands for a fault, or empty with an exception if failures are exceptions.
  v8::MaybeLocal<v8::Value> Fault(Context context, RequestFault fault, bool throws);
  v8::MaybeLocal<v8::Value> Deliver(Context context, HttpCallResult& result, ResponseType type,
                                    bool throws);
  // Of an answer whose head has come, or of none.
  v8::MaybeLocal<v8::Value> DeliverStream(Context context, HttpStreams::Answer answer, bool throws);
  v8::MaybeLocal<v8::Value> Stream(Context context, RequestOrFault prepared);
  // Submits a request for a promise.
  void StartAsync(uint64_t number, RequestOrFault prepared, const PendingPromises::Settle& settle);
  RequestOrFault PrepareItem(Context context, v8::Local<v8::Value> item);
  // Of a batch: what its requests are, and those of them that can be made. False with a pending
  // exception.
  bool PrepareBatch(Context context, v8::Local<v8::Object> requests, std::vector<BatchItem>* items,
                    std::vector<HttpCallSpec>* specs);
  // Waits for all of them. False: the script is terminated.
  bool MakeCalls(std::vector<HttpCallSpec> specs, std::vector<HttpCallResult>* results);

  ApiVu& vu_;
  ResponseFactory responses_;
  // As setResponseCallback says.
  std::optional<ExpectedStatuses> expected_ = ExpectedStatuses::Default();
  UrlCache urls_;
  std::optional<HttpSampler> sampler_;
  std::optional<HttpDebug> debug_;  // with the option httpDebug
  std::optional<HttpCallEnv> env_;
  // That Request waits for. Not on the stack, of which it would take each waiting VU a page more.
  std::optional<HttpCall> call_;
  Numbered<HttpCall> async_calls_;
  HttpStreams streams_;
  v8::Global<v8::Object> exports_;
};

// Adds html, submitForm and clickLink to responses.
void AddResponseMethods(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> response);

// What fetch is made of, once the context has a HttpModule: start(method, url, body, params), which
// returns the promise of asyncRequest() and its number as { promise, id }, abandon(id), and
// facts(response), see FetchFacts.
v8::Local<v8::Object> MakeFetchFunctions(Context context);

}  // namespace lockstep::agent
