/** An operation of TensorFlow that is written here: a function from input tensors to output tensors. */
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

/** Whole numbers that are settings of an operation, not tensors: how many heads, say. */
using Settings = std::map<std::string, int>;

struct Status {
  TF_Status* const raw = TF_NewStatus();
  ~Status() { TF_DeleteStatus(raw); }
  void check() const {
    if (TF_GetCode(raw) != TF_OK) throw std::runtime_error(TF_Message(raw));
  }
};

/** A tensor of numbers, row by row. TensorFlow owns them. */
struct Tensor {
  float* data;
  std::vector<int64_t> shape;

  int64_t size() const {
    int64_t n = 1;
    for (int64_t axis : shape) n *= axis;
    return n;
  }
};

/** One run of an operation. */
class Call {
 public:
  const Settings& settings;

  Call(TF_OpKernelContext* context, const Settings& settings)
      : settings(settings), context(context) {}
  ~Call() {
    for (TF_Tensor* tensor : held) TF_DeleteTensor(tensor);
  }

  Tensor in(int i) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context, i, &tensor, status.raw);
    status.check();
    held.push_back(tensor);
    Tensor result{static_cast<float*>(TF_TensorData(tensor)), {}};
    for (int axis = 0; axis < TF_NumDims(tensor); axis++)
      result.shape.push_back(TF_Dim(tensor, axis));
    return result;
  }

  /** The numbers of a tensor of whole numbers. */
  const int32_t* integers(int i) { return reinterpret_cast<const int32_t*>(in(i).data); }

  /** A new output. What is in it is not defined. */
  Tensor out(int i, std::vector<int64_t> shape) {
    Tensor result{nullptr, std::move(shape)};
    TF_Tensor* tensor =
        TF_AllocateOutput(context, i, TF_FLOAT, result.shape.data(), result.shape.size(),
                          result.size() * sizeof(float), status.raw);
    status.check();
    held.push_back(tensor);
    outputs[i] = tensor;
    result.data = static_cast<float*>(TF_TensorData(tensor));
    return result;
  }

  /** Output i is output `other` again, without a copy. */
  void same_out(int i, int other) {
    TF_SetOutput(context, i, outputs.at(other), status.raw);
    status.check();
  }

 private:
  TF_OpKernelContext* const context;
  Status status;
  std::vector<TF_Tensor*> held;
  std::map<int, TF_Tensor*> outputs;
};

/**
 * What TensorFlow is told of an operation. All tensors are float but "x: int32"; "x: N" is a list of N,
 * a setting.
 */
struct Signature {
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
  std::vector<const char*> settings;
};

/** Makes `compute` known to TensorFlow as the operation `name`. */
template <void compute(Call&)>
void define(const char* name, const Signature& signature) {
  static const Signature known = signature;
  const auto of_type = [](const std::string& argument, const std::string& type) {
    if (argument.find(": int32") != std::string::npos) return argument;
    const bool list = argument.find(':') != std::string::npos;
    return argument + (list ? " * " : ": ") + type;
  };
  Status status;
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* input : known.inputs)
    TF_OpDefinitionBuilderAddInput(definition, of_type(input, "float").c_str());
  for (const char* output : known.outputs)
    TF_OpDefinitionBuilderAddOutput(definition, of_type(output, "float").c_str());
  for (const char* setting : known.settings)
    TF_OpDefinitionBuilderAddAttr(definition, of_type(setting, "int").c_str());
  TF_RegisterOpDefinition(definition, status.raw);
  status.check();

  const auto create = [](TF_OpKernelConstruction* construction) -> void* {
    auto* settings = new Settings;
    Status read;
    for (const char* setting : known.settings)
      TF_OpKernelConstruction_GetAttrInt32(construction, setting, &(*settings)[setting], read.raw);
    return settings;
  };
  const auto run = [](void* settings, TF_OpKernelContext* context) {
    try {
      Call call(context, *static_cast<Settings*>(settings));
      compute(call);
    } catch (const std::exception& error) {
      Status failure;
      TF_SetStatus(failure.raw, TF_INTERNAL, error.what());
      TF_OpKernelContext_Failure(context, failure.raw);
    }
  };
  const auto forget = [](void* settings) { delete static_cast<Settings*>(settings); };
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(name, "CPU", create, run, forget);
  TF_RegisterKernelBuilder(name, kernel, status.raw);
  status.check();
}
