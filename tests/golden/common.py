"""What all generators of golden values share. Nothing here is called by, or imports, the course's
own code. Each case holds inputs, outputs, and the gradient of sum(output · cotangent) for every
differentiated input, by PyTorch's automatic differentiation in float64.
"""
import json
from pathlib import Path

import torch
import transformers.utils

# transformers would load torchvision, whose build must match PyTorch's; nothing here needs it.
transformers.utils.is_torchvision_available = lambda: False

HERE = Path(__file__).parent
torch.set_default_dtype(torch.float64)


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{v:.9g}") for v in tensor.flatten().tolist()]}


def leaf(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).requires_grad_()


def case(inputs, constants, function, options=None):
    """inputs: differentiated tensors by name; constants: other tensors; options: numbers and strings that
    the test has to read too; function: all of them → outputs by name."""
    outputs = function(**inputs, **constants, **(options or {}))
    cotangents = {name: torch.randn_like(value) for name, value in outputs.items()}
    sum((value * cotangents[name]).sum() for name, value in outputs.items()).backward()
    return {
        "inputs": {name: numbers(value) for name, value in {**inputs, **constants}.items()},
        "outputs": {name: numbers(value) for name, value in outputs.items()},
        "cotangents": {name: numbers(value) for name, value in cotangents.items()},
        "options": options or {},
        "gradients": {name: numbers(value.grad) for name, value in inputs.items()},
    }


def write(name, cases, **libraries):
    """libraries: name=version of what computed the values, besides PyTorch."""
    versions = {"torch": torch.__version__, **libraries}
    (HERE / f"{name}.json").write_text(json.dumps({"versions": versions, "cases": cases}) + "\n")
    print(name, len(cases), "cases")


