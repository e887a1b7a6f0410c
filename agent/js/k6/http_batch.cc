// http.batch(): several requests side by side.
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"

#include "agent/http/batch.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/http.h"
#include "agent/js/k6/http_objects.h"

namespace lockstep::agent {

RequestOrFault HttpModule::PrepareItem(Context context, v8::Local<v8::Value> item) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Value> none = v8::Undefined(isolate);
  // Method, URL, body, parameters.
  v8::Local<v8::Value> parts[] = {JsText(isolate, "GET"), none, none, none};
  bool in_any_case = false;
  if (!item->IsObject() || item->IsStringObject() || NamedUrlOf(context, item)) {
    parts[1] = item;
  } else if (IsList(item)) {
    const v8::Local<v8::Object> list = item.As<v8::Object>();
    for (uint32_t i = 0; i < std::size(parts); ++i) {
      v8::Maybe<bool> has = list->Has(context, i);
      if (has.IsNothing() || (has.FromJust() && !list->Get(context, i).ToLocal(&parts[i]))) {
        return {};
      }
    }
  } else {
    static const auto& names = *new std::vector<std::string>{"method", "url", "body", "params"};
    const auto take = [&](const std::string& name, v8::Local<v8::Value> part) {
      const auto place = std::find(names.begin(), names.end(), name) - names.begin();
      if (place == std::ssize(names)) {
        WarnOfUnknown(vu_, "k6/http", "member of a batch's request", name, names);
      } else if (!part->IsNullOrUndefined()) {
        parts[place] = part;
      }
      return true;
    };
    if (!ForEachOwn(context, item.As<v8::Object>(), take)) {
      return {};
    }
    in_any_case = true;
  }
  std::string method;
  if (!ToText(context, parts[0], &method)) {
    return {};
  }
  // As in k6: an object's method is put in upper case, and GET and HEAD have no body then; a list's
  // is taken as it is.
  if (in_any_case) {
    method = absl::AsciiStrToUpper(method);
    parts[2] = method == "GET" || method == "HEAD" ? none : parts[2];
  }
  return PrepareRequest(context, vu_, expected_, urls_,
                        {std::move(method), parts[1], parts[2], parts[3]});
}

bool HttpModule::PrepareBatch(Context context, v8::Local<v8::Object> requests,
                              std::vector<BatchItem>* items, std::vector<HttpCallSpec>* specs) {
  v8::Local<v8::Array> keys;
  if (!requests->GetOwnPropertyNames(context, kOwnNames, v8::KeyConversionMode::kConvertToString)
           .ToLocal(&keys)) {
    return false;
  }
  items->reserve(keys->Length());
  for (uint32_t i = 0; i < keys->Length(); ++i) {
    BatchItem item;
    v8::Local<v8::Value> request;
    if (!keys->Get(context, i).ToLocal(&item.key) ||
        !requests->Get(context, item.key).ToLocal(&request)) {
      return false;
    }
    RequestOrFault prepared = PrepareItem(context, request);
    if (prepared.request && prepared.request->response_type == ResponseType::kStream) {
      prepared.request.reset();
      prepared.fault = {.message = "responseType: stream is for single requests, not for batches"};
    }
    if (prepared.request) {
      item.type = prepared.request->response_type;
      item.throws = prepared.throws;
      specs->push_back(std::move(prepared.request->spec));
    } else if (!prepared.fault ||
               !Fault(context, *std::move(prepared.fault), prepared.throws).ToLocal(&item.failed)) {
      return false;
    }
    items->push_back(item);
  }
  return true;
}

bool HttpModule::MakeCalls(std::vector<HttpCallSpec> specs, std::vector<HttpCallResult>* results) {
  if (specs.empty()) {
    return true;
  }
  HttpBatch batch(env(), std::move(specs), {vu_.options().batch, vu_.options().batch_per_host});
  return vu_.Park([&](ApiVu::Task wake) {
    batch.Start([results, wake = std::move(wake)](std::vector<HttpCallResult> done) mutable {
      *results = std::move(done);
      wake();
    });
  });
}

v8::MaybeLocal<v8::Value> HttpModule::Batch(Context context, v8::Local<v8::Object> requests) {
  v8::Isolate* isolate = context->GetIsolate();
  std::vector<BatchItem> items;
  std::vector<HttpCallSpec> specs;
  std::vector<HttpCallResult> results;
  if (RefuseInInit(isolate) || !PrepareBatch(context, requests, &items, &specs) ||
      !MakeCalls(std::move(specs), &results)) {
    return {};
  }
  const v8::Local<v8::Object> answers =
      IsList(requests) ? v8::Array::New(isolate).As<v8::Object>() : v8::Object::New(isolate);
  size_t next = 0;
  for (const BatchItem& item : items) {
    v8::Local<v8::Value> response = item.failed;
    if (response.IsEmpty() &&
        !Deliver(context, results[next++], item.type, item.throws).ToLocal(&response)) {
      return {};
    }
    if (answers->Set(context, item.key, response).IsNothing()) {
      return {};
    }
  }
  return answers;
}

}  // namespace lockstep::agent
